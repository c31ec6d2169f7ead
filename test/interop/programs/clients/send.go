package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	smsrelay "smsrelay/v1"
)

func main() {
	address, key, recipient, requestID := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	config, err := os.ReadFile("service-config.json")
	if err != nil {
		log.Fatal(err)
	}
	connection, err := grpc.Dial(address,
		grpc.WithInsecure(),
		grpc.WithDefaultServiceConfig(string(config)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: time.Second, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 10 * time.Second},
			MinConnectTimeout: 5 * time.Second,
		}),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	sms := smsrelay.NewSmsServiceClient(connection)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key)
	request := &smsrelay.SendSmsRequest{
		Sender:     "ACME",
		Recipients: []string{recipient},
		Content:    &smsrelay.SendSmsRequest_Text{Text: "Your code is 1234"},
		RequestId:  requestID,
	}
	for {
		// WaitForReady: while the service restarts the call waits for it, as long as its deadline says.
		answer, err := sms.SendSms(ctx, request, grpc.WaitForReady(true))
		switch {
		case err == nil:
			fmt.Println(answer.MessageId)
			return
		case status.Code(err) != codes.Unavailable:
			printDetails(err)
			os.Exit(1)
		}
		// The answer was lost, or the service stops. The same request_id makes another try safe.
		time.Sleep(retryDelay(err, 500*time.Millisecond))
	}
}

func printDetails(err error) {
	fmt.Fprintln(os.Stderr, err)
	for _, detail := range status.Convert(err).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			fmt.Println(detail.Reason, detail.Metadata["status_code"])
		case *errdetails.BadRequest:
			for _, violation := range detail.FieldViolations {
				fmt.Println(violation.Field, violation.Description)
			}
		}
	}
}

func retryDelay(err error, shortest time.Duration) time.Duration {
	for _, detail := range status.Convert(err).Details() {
		if retry, ok := detail.(*errdetails.RetryInfo); ok {
			delay := time.Duration(retry.RetryDelay.GetSeconds())*time.Second + time.Duration(retry.RetryDelay.GetNanos())
			if delay > shortest {
				return delay
			}
		}
	}
	return shortest
}
