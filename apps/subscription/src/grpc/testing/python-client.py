"""A client in another language, generated from the proto files: does what its users would, and prints what it has seen as JSON.

Usage: python-client.py <address> <token> <folder of the proto files> <folder for generated code>
"""

import importlib
import importlib.resources
import json
import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status
from grpc_tools import protoc

ADDRESS, TOKEN, PROTO, GENERATED = sys.argv[1:]
CONFIG = "postduif.config.v1"
TIMEOUT = 20


def generate():
    """Messages and stubs of the webhook service."""
    file = "postduif/config/v1/webhook_service.proto"
    well_known = importlib.resources.files("grpc_tools") / "_proto"
    arguments = [f"-I{PROTO}", f"-I{well_known}", f"--python_out={GENERATED}", f"--grpc_python_out={GENERATED}", file]
    if protoc.main(["protoc", *arguments]) != 0:
        raise SystemExit("the proto files cannot be compiled")
    sys.path.insert(0, GENERATED)
    module = "postduif.config.v1.webhook_service_pb2"
    return importlib.import_module(module), importlib.import_module(f"{module}_grpc")


def call(method, request):
    return method(request, timeout=TIMEOUT, metadata=[("authorization", f"Bearer {TOKEN}")])


def name_of(message):
    """`changed 5 v2`, `deleted 5` or `synced`."""
    kind = message.WhichOneof("event")
    if kind == "changed":
        return f"changed {message.changed.id} v{message.changed.version}"
    return f"deleted {message.deleted}" if kind == "deleted" else kind


def webhooks(channel, pb, stub):
    """Creates, lists, changes, deletes, and watches all of it."""
    stream = call(stub.WatchWebhooks, pb.WatchWebhooksRequest())
    events = (name_of(message) for message in stream)
    seen = [next(events)]
    given = pb.Webhook(handler="https://trusted.example/python", trigger="invoice.paid", rate=2.5)
    made = call(stub.CreateWebhook, pb.CreateWebhookRequest(webhook=given)).webhook
    seen.append(next(events))
    listed = call(stub.ListWebhooks, pb.ListWebhooksRequest(trigger="invoice.paid")).webhooks
    change = pb.UpdateWebhookRequest(webhook=pb.Webhook(id=made.id, concurrency=3))
    change.update_mask.FromJsonString("concurrency,rate")
    changed = call(stub.UpdateWebhook, change).webhook
    seen.append(next(events))
    call(stub.DeleteWebhook, pb.DeleteWebhookRequest(id=made.id))
    seen.append(next(events))
    stream.cancel()
    return {
        "id": made.id,
        "made": [pb.Webhook.Format.Name(made.format), made.rate, made.validated, list(made.schedule.seconds)],
        "listed": [webhook.id for webhook in listed],
        "changed": [changed.concurrency, changed.HasField("rate"), changed.version],
        "watched": seen,
    }


def failure(pb, stub):
    """The rich status of a request that is not right."""
    try:
        call(stub.CreateWebhook, pb.CreateWebhookRequest(webhook=pb.Webhook(handler="nonsense", trigger="click")))
    except grpc.RpcError as error:
        info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        for detail in rpc_status.from_call(error).details:
            detail.Unpack(info) or detail.Unpack(request)
        fields = [violation.field for violation in request.field_violations]
        return {"code": error.code().name, "reason": info.reason, "domain": info.domain, "fields": fields}
    raise SystemExit("was not refused")


def health(channel):
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def reflection(channel):
    """What a client knows that has no proto files: both versions of the protocol."""
    database = ProtoReflectionDescriptorDatabase(channel)
    pool = DescriptorPool(database)
    service = pool.FindServiceByName(f"{CONFIG}.WebhookService")
    webhook = pool.FindMessageTypeByName(f"{CONFIG}.Webhook")
    watch = pool.FindMessageTypeByName(f"{CONFIG}.WatchWebhooksRequest")
    update = pool.FindMessageTypeByName(f"{CONFIG}.UpdateWebhookRequest")
    v1 = channel.stream_stream(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    [answer] = v1(iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=TIMEOUT)
    return {
        "v1alpha": list(database.get_services()),
        "v1": [found.name for found in answer.list_services_response.service],
        "methods": [method.name for method in service.methods],
        "optional": [field.name for field in webhook.fields if field.has_presence and field.message_type is None],
        "map": watch.fields_by_name["known_versions"].message_type.GetOptions().map_entry,
        "mask": update.fields_by_name["update_mask"].message_type.full_name,
    }


def main():
    pb, services = generate()
    with grpc.insecure_channel(ADDRESS) as channel:
        stub = services.WebhookServiceStub(channel)
        seen = {
            "webhooks": webhooks(channel, pb, stub),
            "failure": failure(pb, stub),
            "health": health(channel),
            "reflection": reflection(channel),
        }
    print(json.dumps(seen))


main()
