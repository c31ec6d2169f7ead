import pathlib
import sys
import time

import grpc
from google.rpc import error_details_pb2, status_pb2
from smsrelay.v1 import sms_pb2, sms_service_pb2_grpc

address, key, recipient, request_id = sys.argv[1:]
options = [
    ("grpc.service_config", pathlib.Path("service-config.json").read_text()),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.max_reconnect_backoff_ms", 10_000),
]


def details_of(error):
    """What a failed call tells besides its code and text."""
    info, request, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    for name, value in error.trailing_metadata() or ():
        if name == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                detail.Unpack(info) or detail.Unpack(request) or detail.Unpack(retry)
    return info, request, retry


def send(sms, request, seconds):
    end = time.monotonic() + seconds
    while True:
        try:
            # wait_for_ready: while the service restarts the call waits for it, as long as its deadline says.
            return sms.SendSms(
                request,
                timeout=end - time.monotonic(),
                wait_for_ready=True,
                metadata=[("authorization", "Bearer " + key)],
            )
        except grpc.RpcError as error:
            pause = max(0.5, details_of(error)[2].retry_delay.ToTimedelta().total_seconds())
            if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() + pause > end:
                raise
            # The answer was lost, or the service stops. The same request_id makes another try safe.
            time.sleep(pause)


with grpc.insecure_channel(address, options) as channel:
    try:
        answer = send(
            sms_service_pb2_grpc.SmsServiceStub(channel),
            sms_pb2.SendSmsRequest(
                sender="ACME", recipients=[recipient], text="Your code is 1234", request_id=request_id
            ),
            10,
        )
        print(answer.message_id)
    except grpc.RpcError as error:
        print(error.code().name, error.details(), file=sys.stderr)
        info, request, _ = details_of(error)
        if info.reason:
            print(info.reason, info.metadata["status_code"])
        for violation in request.field_violations:
            print(violation.field, violation.description)
        sys.exit(1)
