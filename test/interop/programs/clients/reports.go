package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	smsrelay "smsrelay/v1"
)

func main() {
	address, key, subscription := os.Args[1], os.Args[2], os.Args[3]
	connection, err := grpc.Dial(address,
		grpc.WithInsecure(),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key)

	for ctx.Err() == nil {
		err := follow(ctx, connection, subscription)
		switch status.Code(err) {
		case codes.Unavailable, codes.Internal, codes.Canceled, codes.DeadlineExceeded:
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		default:
			// Aborted (4118) too: another reader has taken over, and this one must not fight for the subscription.
			log.Fatal(err)
		}
	}
	fmt.Println("stopped")
}

// follow reads until the stream breaks; after it the subscription stands behind what was acknowledged.
func follow(ctx context.Context, connection *grpc.ClientConn, subscription string) error {
	stream, err := smsrelay.NewSmsServiceClient(connection).StreamDeliveryReports(ctx, &smsrelay.StreamDeliveryReportsRequest{
		Start: &smsrelay.StreamStart{
			Position:     &smsrelay.StreamStart_SubscriptionId{SubscriptionId: subscription},
			InitialStart: smsrelay.InitialStart_INITIAL_START_EARLIEST,
		},
	}, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		for _, report := range response.Reports {
			fmt.Println(report.ReportNumber, report.State)
		}
		if len(response.Reports) == 0 {
			continue
		}
		// What was processed and not acknowledged comes again after a break: processing must bear that.
		soon, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err = smsrelay.NewSubscriptionServiceClient(connection).AcknowledgeSubscription(soon,
			&smsrelay.AcknowledgeSubscriptionRequest{SubscriptionId: subscription, Cursor: response.Cursor},
			grpc.WaitForReady(true))
		cancel()
		if err != nil {
			return err
		}
	}
}
