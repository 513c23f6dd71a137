"""The objects of boto3: a group, its rules and tags, and what carries it."""

from host import *

vpc = list(resource.vpcs.all())[0]
assert vpc.is_default and vpc.state == "available", vpc.meta.data
same([vpc], list(resource.vpcs.filter(Filters=[{"Name": "isDefault", "Values": ["true"]}])))

made = vpc.create_security_group(GroupName="objects", Description="By its object")
same(("objects", "By its object", vpc.id), (made.group_name, made.description, made.vpc_id))
same([], made.ip_permissions)
same("-1", made.ip_permissions_egress[0]["IpProtocol"])
made.authorize_ingress(IpProtocol="tcp", FromPort=22, ToPort=23, CidrIp="203.0.113.0/24")
source = {"UserIdGroupPairs": [{"GroupId": made.id, "Description": "its own members"}]}
made.authorize_ingress(IpPermissions=[tcp(80, **source), tcp(443, IpRanges=blocks("192.0.2.0/24", "198.51.100.0/24"))])
made.reload()
same([(22, 23), (80, 80), (443, 443)], [(rule["FromPort"], rule["ToPort"]) for rule in made.ip_permissions])
same(made.id, made.ip_permissions[1]["UserIdGroupPairs"][0]["GroupId"])
same("its own members", made.ip_permissions[1]["UserIdGroupPairs"][0]["Description"])
# What is read can be sent back as it is.
made.revoke_ingress(IpPermissions=made.ip_permissions)
made.revoke_egress(IpPermissions=made.ip_permissions_egress)
made.reload()
same(([], []), (made.ip_permissions, made.ip_permissions_egress))
made.authorize_egress(IpPermissions=[{"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}])

made.create_tags(Tags=[{"Key": "Name", "Value": "Grüße & <mehr>"}, {"Key": "empty", "Value": ""}])
made.reload()
same({"Name": "Grüße & <mehr>", "empty": ""}, {tag["Key"]: tag["Value"] for tag in made.tags})
resource.Tag(made.id, "Name", "Grüße & <mehr>").delete()
made.reload()
same([{"Key": "empty", "Value": ""}], made.tags)
same([made], list(vpc.security_groups.filter(GroupNames=["objects"])))

nic = list(resource.network_interfaces.filter(Filters=[{"Name": "description", "Values": ["web0"]}]))[0]
before = [each["GroupId"] for each in nic.groups]
nic.modify_attribute(Groups=before + [made.id])
nic.reload()
same(before + [made.id], [each["GroupId"] for each in nic.groups])
refused("DependencyViolation", made.delete)
instance = list(resource.instances.all())[0]
same("running", instance.state["Name"])
same(sorted(before + [made.id]), sorted(each["GroupId"] for each in instance.security_groups))
same(instance.id, nic.attachment["InstanceId"])
nic.modify_attribute(Groups=before)
nic.reload()
same(before, [each["GroupId"] for each in nic.groups])
same([nic], list(nic.subnet.network_interfaces.all()))
made.delete()
refused("InvalidGroup.NotFound", made.reload)

acl = vpc.create_network_acl()
same((False, []), (acl.is_default, acl.associations))
acl.create_entry(RuleNumber=100, Protocol="-1", RuleAction="allow", Egress=True, CidrBlock=EVERYBODY)
acl.replace_entry(RuleNumber=100, Protocol="-1", RuleAction="deny", Egress=True, CidrBlock=EVERYBODY)
acl.reload()
same(["deny", "deny", "deny"], [each["RuleAction"] for each in acl.entries if each["Egress"]])
acl.delete_entry(RuleNumber=100, Egress=True)
default = [each for each in vpc.network_acls.all() if each.is_default][0]
carried = [each for each in default.associations if each["SubnetId"] == nic.subnet_id][0]
acl.replace_association(AssociationId=carried["NetworkAclAssociationId"])
acl.reload()
same([nic.subnet_id], [each["SubnetId"] for each in acl.associations])
refused("DependencyViolation", acl.delete)
default.replace_association(AssociationId=acl.associations[0]["NetworkAclAssociationId"])
acl.delete()
same({"Value": False}, vpc.describe_attribute(Attribute="enableDnsSupport")["EnableDnsSupport"])
