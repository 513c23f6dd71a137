"""The waiters of boto3 for objects that the host has."""

from host import *
from botocore.exceptions import WaiterError

PATIENT = {"Delay": 1, "MaxAttempts": 40}
vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
instance = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]]

refused("InvalidGroup.NotFound", lambda: ec2.describe_security_groups(GroupNames=["late"]))
exists = ec2.get_waiter("security_group_exists")
join = meanwhile(lambda: exists.wait(GroupNames=["late"], WaiterConfig=PATIENT))
late = group("late")
join()
exists.wait(GroupIds=[late], WaiterConfig=PATIENT)
ec2.get_waiter("instance_exists").wait(InstanceIds=[instance])
ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
ec2.get_waiter("vpc_exists").wait(VpcIds=[vpc])
ec2.get_waiter("vpc_available").wait(VpcIds=[vpc])
ec2.get_waiter("subnet_available").wait(SubnetIds=subnets)


def ends_without(name, **parameters):
    try:
        ec2.get_waiter(name).wait(WaiterConfig={"Delay": 0, "MaxAttempts": 2}, **parameters)
    except WaiterError as error:
        return str(error)
    raise AssertionError(f"{name} has ended")


# In use, as each interface of an instance; nothing deletes a host's interface.
nic = ec2.describe_network_interfaces()["NetworkInterfaces"][0]
same("in-use", nic["Status"])
assert "Max attempts exceeded" in ends_without("network_interface_available", NetworkInterfaceIds=[nic["NetworkInterfaceId"]])
assert "Max attempts exceeded" in ends_without("security_group_exists", GroupNames=["never"])
assert "Max attempts exceeded" in ends_without("instance_stopped", InstanceIds=[instance])
