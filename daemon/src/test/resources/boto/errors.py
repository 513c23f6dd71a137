"""What the host refuses: each with EC2's code, and nothing changes."""

from host import *

made = group("errors")
rule = [tcp(80, IpRanges=blocks("203.0.113.0/24"))]
ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=rule)
before = ec2.describe_security_groups()["SecurityGroups"]


def authorize(*permissions, **more):
    return lambda: ec2.authorize_security_group_ingress(**({"GroupId": made} | more), IpPermissions=list(permissions))


def revoke(*permissions):
    return lambda: ec2.revoke_security_group_ingress(GroupId=made, IpPermissions=list(permissions))


def create(name, description="Refused", **more):
    return lambda: group(name, description, **more)


new = tcp(22, IpRanges=blocks(EVERYBODY))
same(
    'the specified rule "peer: 203.0.113.0/24, TCP, from port: 80, to port: 80, ALLOW" already exists',
    refused("InvalidPermission.Duplicate", authorize(new, *rule)),
)
refused("InvalidPermission.Duplicate", authorize(tcp(80, IpRanges=blocks("203.0.113.77/24"))))
refused("InvalidPermission.NotFound", revoke(*rule, new))
refused("InvalidParameterValue", authorize(new, new))
refused("InvalidParameterValue", authorize(tcp(22, IpRanges=blocks("::/0"))))
refused("InvalidParameterValue", authorize(tcp(22, IpRanges=[{"CidrIp": EVERYBODY, "Description": "ü"}])))
refused("InvalidParameterValue", authorize(tcp(22, IpRanges=[{"CidrIp": EVERYBODY, "Description": "x" * 256}])))
refused("InvalidParameterValue", authorize({"IpProtocol": "tcp", "IpRanges": blocks(EVERYBODY)}))
refused("InvalidParameterValue", authorize({"IpProtocol": "tcq", "IpRanges": blocks(EVERYBODY)}))
refused("InvalidParameterValue", authorize(tcp(65536, IpRanges=blocks(EVERYBODY))))
refused("InvalidGroup.NotFound", authorize(new, GroupId="sg-0123456789abcdef0"))
refused("InvalidGroupId.Malformed", authorize(new, GroupId="sg-web"))
refused("InvalidGroup.NotFound", authorize(tcp(22, UserIdGroupPairs=[{"GroupId": "sg-0123456789abcdef0"}])))
refused("InvalidPrefixListID.NotFound", authorize(tcp(22, PrefixListIds=[{"PrefixListId": "pl-0123456789abcdef0"}])))
refused("DryRunOperation", authorize(new, DryRun=True), 412)
refused("InvalidPermission.Duplicate", authorize(*rule, DryRun=True))
refused("InvalidGroup.Duplicate", create("Errors"))
refused("InvalidParameterValue", create("sg-web"))
refused("InvalidParameterValue", create("web", "ü"))
refused("InvalidVpcID.NotFound", create("new", VpcId="vpc-0123456789abcdef1"))
refused("InvalidSecurityGroupRuleId.NotFound", lambda: ec2.describe_security_group_rules(
    SecurityGroupRuleIds=["sgr-0123456789abcdef0"]))
refused("InvalidParameterValue", lambda: ec2.describe_security_groups(MaxResults=4))
refused("InvalidParameterValue", lambda: ec2.describe_security_groups(NextToken="x"))
refused("InvalidParameterValue", lambda: ec2.describe_security_groups(Filters=[{"Name": "name", "Values": ["x"]}]))
refused("InvalidID", lambda: ec2.create_tags(Resources=["x-0123456789abcdef0"], Tags=[{"Key": "a", "Value": "b"}]))
refused("InvalidNetworkInterfaceID.NotFound", lambda: ec2.modify_network_interface_attribute(
    NetworkInterfaceId="eni-0123456789abcdef0", Groups=[made]))
refused("InvalidInstanceID.NotFound", lambda: ec2.describe_instances(InstanceIds=["i-0123456789abcdef0"]))
refused("UnsupportedOperation", lambda: ec2.create_vpc(CidrBlock="10.0.0.0/16"))
launch = refused("UnsupportedOperation", lambda: ec2.run_instances(MinCount=1, MaxCount=1, ImageId="ami-1"))
assert "portcullis import ec2" in launch, launch
same(before, ec2.describe_security_groups()["SecurityGroups"])

for changed in ({"aws_secret_access_key": "wrong"}, {"aws_access_key_id": "AKIANOBODY", "aws_secret_access_key": "wrong"}):
    keys = {"aws_access_key_id": boto3.Session().get_credentials().access_key} | changed
    other = boto3.client("ec2", endpoint_url=ENDPOINT, config=SETTINGS, **keys)
    refused("AuthFailure", other.describe_vpcs, 401)
