"""Reads lines of `TYPE<TAB>JSON` and checks that protobuf's own reader takes each strictly, and would write it just so."""
import json
import sys
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

pool = descriptor_pool.DescriptorPool()
files = descriptor_pb2.FileDescriptorSet()
with open(sys.argv[1], "rb") as descriptors:
    files.ParseFromString(descriptors.read())
for file in files.file:
    pool.Add(file)
factory = message_factory.MessageFactory(pool)
faults = 0
for line in sys.stdin:
    name, text = line.rstrip("\n").split("\t", 1)
    message = factory.GetPrototype(pool.FindMessageTypeByName(name))()
    try:
        json_format.Parse(text, message)
        written = json_format.MessageToDict(message)
        if written != json.loads(text):
            raise ValueError("written as %s" % json.dumps(written))
    except Exception as error:
        faults += 1
        print("%s: %s\n  %s" % (name, error, text))
sys.exit(1 if faults else 0)
