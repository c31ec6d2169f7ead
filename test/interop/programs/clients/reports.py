import signal
import sys
import time

import grpc
from smsrelay.v1 import sms_service_pb2, sms_service_pb2_grpc
from smsrelay.v1 import subscription_pb2, subscription_service_pb2, subscription_service_pb2_grpc

address, key, subscription = sys.argv[1:]
authorized = [("authorization", "Bearer " + key)]
passing = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}


def follow(channel):
    """Reads until the stream breaks; after it the subscription stands behind what was acknowledged."""
    subscriptions = subscription_service_pb2_grpc.SubscriptionServiceStub(channel)
    stream = sms_service_pb2_grpc.SmsServiceStub(channel).StreamDeliveryReports(
        sms_service_pb2.StreamDeliveryReportsRequest(
            start=subscription_pb2.StreamStart(
                subscription_id=subscription, initial_start=subscription_pb2.INITIAL_START_EARLIEST
            )
        ),
        metadata=authorized,
        wait_for_ready=True,
    )
    for response in stream:
        for report in response.reports:
            print(report.report_number, report.state, flush=True)
        # What was processed and not acknowledged comes again after a break: processing must bear that.
        if response.reports:
            subscriptions.AcknowledgeSubscription(
                subscription_service_pb2.AcknowledgeSubscriptionRequest(
                    subscription_id=subscription, cursor=response.cursor
                ),
                metadata=authorized,
                timeout=10,
                wait_for_ready=True,
            )


class Stopped(Exception):
    pass


def stop(*_):
    raise Stopped


signal.signal(signal.SIGTERM, stop)
options = [("grpc.keepalive_time_ms", 30_000), ("grpc.max_reconnect_backoff_ms", 10_000)]
try:
    with grpc.insecure_channel(address, options) as channel:
        while True:
            try:
                follow(channel)
            except grpc.RpcError as error:
                # ABORTED (4118) too: another reader has taken over, and this one must not fight for the subscription.
                if error.code() not in passing:
                    raise
            time.sleep(1)
except Stopped:
    print("stopped", flush=True)
