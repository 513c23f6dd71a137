"""What the scripts of boto3 share: the clients, with endpoint and keys of the environment, and the actions that were called."""

import os
import threading

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# A refusal must be seen at once, not be hidden by a second attempt, and be the host's own.
SETTINGS = Config(retries={"max_attempts": 0}, connect_timeout=10, read_timeout=30, parameter_validation=False)
# Debian's version does not read the endpoint from the environment.
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]

ec2 = boto3.client("ec2", endpoint_url=ENDPOINT, config=SETTINGS)
sts = boto3.client("sts", endpoint_url=ENDPOINT, config=SETTINGS)
resource = boto3.resource("ec2", endpoint_url=ENDPOINT, config=SETTINGS)

EVERYBODY = "0.0.0.0/0"
called = set()
for client in (ec2, sts, resource.meta.client):
    client.meta.events.register("before-call.*", lambda model, **_: called.add(model.name))


def group(name, description="Made by boto3", **more):
    """Makes a security group; returns its id."""
    return ec2.create_security_group(GroupName=name, Description=description, **more)["GroupId"]


def tcp(port, **sources):
    """An IpPermission of one TCP port; sources are its lists."""
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **sources}


def blocks(*cidrs):
    return [{"CidrIp": cidr} for cidr in cidrs]


def same(expected, actual):
    assert expected == actual, f"expected {expected!r}, and it is {actual!r}"


def refused(code, call, status=400):
    """The call must be refused with an error of this code; returns the message."""
    try:
        answer = call()
    except ClientError as error:
        same(code, error.response["Error"]["Code"])
        same(status, error.response["ResponseMetadata"]["HTTPStatusCode"])
        assert error.response["ResponseMetadata"]["RequestId"], error.response
        return error.response["Error"]["Message"]
    raise AssertionError(f"not refused with {code}: {answer!r}")


def meanwhile(work):
    """Runs work in a thread; the function that is returned waits for its end and raises what it raised."""
    raised = []

    def run():
        try:
            work()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def join():
        thread.join(60)
        assert not thread.is_alive(), "it does not end"
        if raised:
            raise raised[0]

    return join
