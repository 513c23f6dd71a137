"""Every action of the host that Debian's boto3 knows, each with its answer. Prints the names of those that were called."""

from host import *

account = sts.get_caller_identity()["Account"]
answer = sts.get_caller_identity()
same(f"arn:aws:iam::{account}:user/{answer['UserId']}", answer["Arn"])


def only(items):
    assert len(items) == 1, items
    return items[0]


def view(of, *keys):
    return tuple(of.get(key) for key in keys)


def this_host():
    """What the host is in EC2's terms; returns VPC, instance, interface and subnet."""
    vpc = only(ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"])
    same((account, "available", True), view(vpc, "OwnerId", "State", "IsDefault"))
    vpc = vpc["VpcId"]
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)
        same((vpc, {"Value": False}), (answer["VpcId"], answer[attribute[0].upper() + attribute[1:]]))
    region = only(ec2.describe_regions()["Regions"])
    same(("us-east-1", "opt-in-not-required"), view(region, "RegionName", "OptInStatus"))
    zone = only(ec2.describe_availability_zones()["AvailabilityZones"])
    same(("us-east-1a", "us-east-1", "available"), view(zone, "ZoneName", "RegionName", "State"))
    attributes = ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"]
    same([{"AttributeValue": vpc}], only(attributes)["AttributeValues"])

    nic = only(ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": ["web0"]}])["NetworkInterfaces"])
    same(("in-use", "203.0.113.80", vpc), view(nic, "Status", "PrivateIpAddress", "VpcId"))
    same(["web"], [each["GroupName"] for each in nic["Groups"]])
    subnet = only(ec2.describe_subnets(SubnetIds=[nic["SubnetId"]])["Subnets"])
    same(("203.0.113.0/24", vpc, "us-east-1a"), view(subnet, "CidrBlock", "VpcId", "AvailabilityZone"))
    reservation = only(ec2.describe_instances(Filters=[{"Name": "instance.group-name", "Values": ["web"]}])["Reservations"])
    instance = only(reservation["Instances"])
    same((16, "running"), view(instance["State"], "Code", "Name"))
    same(nic["NetworkInterfaceId"], instance["NetworkInterfaces"][0]["NetworkInterfaceId"])
    return vpc, instance["InstanceId"], nic["NetworkInterfaceId"], nic["SubnetId"]


def attachment(instance, nic, made):
    """Groups of the interface and of the instance are set and put back."""
    before = [each["GroupId"] for each in ec2.describe_network_interface_attribute(
        NetworkInterfaceId=nic, Attribute="groupSet")["Groups"]]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=nic, Groups=[made])
    answer = ec2.describe_network_interface_attribute(NetworkInterfaceId=nic, Attribute="groupSet")
    same([{"GroupId": made, "GroupName": "actions"}], answer["Groups"])
    ec2.modify_instance_attribute(InstanceId=instance, Groups=before)
    answer = ec2.describe_instance_attribute(InstanceId=instance, Attribute="groupSet")
    same(before, [each["GroupId"] for each in answer["Groups"]])


def rules(vpc):
    """A group and its rules; returns its id."""
    tags = [{"Key": "made-by", "Value": "boto3"}]
    made = ec2.create_security_group(
        GroupName="actions", Description="All of them", VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
    )
    same(tags, made["Tags"])
    made = made["GroupId"]
    assert made.startswith("sg-") and len(made) == 20, made
    answer = ec2.authorize_security_group_ingress(
        GroupId=made,
        IpPermissions=[
            tcp(80, IpRanges=[{"CidrIp": "203.0.113.0/24", "Description": "net"}], Ipv6Ranges=[{"CidrIpv6": "2001:db8::/32"}]),
            {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": blocks(EVERYBODY)},
        ],
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": tags}],
    )
    same(True, answer["Return"])
    http, http6, ping = answer["SecurityGroupRules"]
    same((made, account, False, "tcp", 80, 80, "203.0.113.0/24", "net", tags), view(
        http, "GroupId", "GroupOwnerId", "IsEgress", "IpProtocol", "FromPort", "ToPort", "CidrIpv4", "Description", "Tags"))
    same((80, "2001:db8::/32", None), view(http6, "FromPort", "CidrIpv6", "CidrIpv4"))
    same(("icmp", 8, -1), view(ping, "IpProtocol", "FromPort", "ToPort"))
    id = http["SecurityGroupRuleId"]
    same([http], ec2.describe_security_group_rules(SecurityGroupRuleIds=[id])["SecurityGroupRules"])

    changed = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8081, "CidrIpv4": "192.0.2.0/24", "Description": "moved"}
    rule = {"SecurityGroupRuleId": id, "SecurityGroupRule": changed}
    same(True, ec2.modify_security_group_rules(GroupId=made, SecurityGroupRules=[rule])["Return"])
    same(http | changed, only(ec2.describe_security_group_rules(SecurityGroupRuleIds=[id])["SecurityGroupRules"]))

    told = [{"SecurityGroupRuleId": id, "Description": "told by id"}]
    ec2.update_security_group_rule_descriptions_ingress(GroupId=made, SecurityGroupRuleDescriptions=told)
    outward = [tcp(443, IpRanges=blocks(EVERYBODY))]
    answer = ec2.authorize_security_group_egress(GroupId=made, IpPermissions=outward)
    same((True, 443), view(only(answer["SecurityGroupRules"]), "IsEgress", "ToPort"))
    outward[0]["IpRanges"][0]["Description"] = "told by contents"
    ec2.update_security_group_rule_descriptions_egress(GroupId=made, IpPermissions=outward)
    described = only(ec2.describe_security_groups(GroupIds=[made])["SecurityGroups"])
    ranges = [block for rule in described["IpPermissions"] + described["IpPermissionsEgress"] for block in rule["IpRanges"]]
    same({"told by id", "told by contents"}, {block["Description"] for block in ranges if "Description" in block})

    same(True, ec2.revoke_security_group_egress(GroupId=made, IpPermissions=outward)["Return"])
    ids = [each["SecurityGroupRuleId"] for each in (http, http6, ping)]
    same(True, ec2.revoke_security_group_ingress(GroupId=made, SecurityGroupRuleIds=ids)["Return"])
    same([], only(ec2.describe_security_groups(GroupIds=[made])["SecurityGroups"])["IpPermissions"])
    same([], ec2.describe_security_group_references(GroupId=[made])["SecurityGroupReferenceSet"])
    same([], ec2.describe_stale_security_groups(VpcId=vpc)["StaleSecurityGroupSet"])
    return made


def tags(made):
    ec2.create_tags(Resources=[made], Tags=[{"Key": "Name", "Value": "one"}, {"Key": "made-by", "Value": "another"}])
    mine = [{"Name": "resource-id", "Values": [made]}]
    found = ec2.describe_tags(Filters=mine)["Tags"]
    same([("Name", "one"), ("made-by", "another")], [view(tag, "Key", "Value") for tag in found])
    same({("security-group", made)}, {view(tag, "ResourceType", "ResourceId") for tag in found})
    # A value that the tag has not: the tag stays.
    ec2.delete_tags(Resources=[made], Tags=[{"Key": "Name", "Value": ""}, {"Key": "made-by"}])
    same(["Name"], [tag["Key"] for tag in ec2.describe_tags(Filters=mine)["Tags"]])


def lists(made):
    """A prefix list and its versions."""
    made_list = {"PrefixListName": "hq", "AddressFamily": "IPv4", "MaxEntries": 3, "ClientToken": "once"}
    made_list["Entries"] = [{"Cidr": "192.0.2.0/24", "Description": "first"}]
    answer = ec2.create_managed_prefix_list(**made_list)["PrefixList"]
    same(("create-complete", 1, 3, "IPv4"), view(answer, "State", "Version", "MaxEntries", "AddressFamily"))
    same(answer["PrefixListId"], ec2.create_managed_prefix_list(**made_list)["PrefixList"]["PrefixListId"])
    id = answer["PrefixListId"]
    same(answer, only(ec2.describe_managed_prefix_lists(PrefixListIds=[id])["PrefixLists"]))
    same([], ec2.describe_prefix_lists()["PrefixLists"])
    changed = ec2.modify_managed_prefix_list(
        PrefixListId=id, CurrentVersion=1, AddEntries=[{"Cidr": "198.51.100.0/24"}], RemoveEntries=[{"Cidr": "192.0.2.0/24"}]
    )["PrefixList"]
    same(2, changed["Version"])
    same([{"Cidr": "198.51.100.0/24"}], ec2.get_managed_prefix_list_entries(PrefixListId=id)["Entries"])
    old = ec2.get_managed_prefix_list_entries(PrefixListId=id, TargetVersion=1)["Entries"]
    same([{"Cidr": "192.0.2.0/24", "Description": "first"}], old)
    restored = ec2.restore_managed_prefix_list_version(PrefixListId=id, PreviousVersion=1, CurrentVersion=2)
    same(3, restored["PrefixList"]["Version"])
    same(old, ec2.get_managed_prefix_list_entries(PrefixListId=id)["Entries"])
    permission = [tcp(22, PrefixListIds=[{"PrefixListId": id}])]
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=permission)
    users = ec2.get_managed_prefix_list_associations(PrefixListId=id)["PrefixListAssociations"]
    same([{"ResourceId": made, "ResourceOwner": account}], users)
    same("delete-failed", ec2.delete_managed_prefix_list(PrefixListId=id)["PrefixList"]["State"])
    ec2.revoke_security_group_ingress(GroupId=made, IpPermissions=permission)
    same("delete-complete", ec2.delete_managed_prefix_list(PrefixListId=id)["PrefixList"]["State"])


def acls(vpc, subnet):
    """A network ACL, its entries and its subnet."""
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]
    same((False, vpc, account, []), view(acl, "IsDefault", "VpcId", "OwnerId", "Associations"))
    id = acl["NetworkAclId"]
    entry = {"RuleNumber": 100, "Protocol": "6", "RuleAction": "allow", "Egress": False, "CidrBlock": "203.0.113.0/24"}
    ec2.create_network_acl_entry(NetworkAclId=id, **entry, PortRange={"From": 80, "To": 81})
    entry |= {"Protocol": "1", "RuleAction": "deny"}
    ec2.replace_network_acl_entry(NetworkAclId=id, **entry, IcmpTypeCode={"Type": 8, "Code": -1})
    described = only(ec2.describe_network_acls(NetworkAclIds=[id])["NetworkAcls"])["Entries"]
    expected = entry | {"IcmpTypeCode": {"Type": 8, "Code": -1}}
    same([expected], [each for each in described if each["RuleNumber"] < 32767])
    ec2.delete_network_acl_entry(NetworkAclId=id, RuleNumber=100, Egress=False)

    def association():
        mine = [{"Name": "association.subnet-id", "Values": [subnet]}]
        acl = only(ec2.describe_network_acls(Filters=mine)["NetworkAcls"])
        of_subnet = [each for each in acl["Associations"] if each["SubnetId"] == subnet]
        return acl["NetworkAclId"], only(of_subnet)["NetworkAclAssociationId"]

    default, before = association()
    new = ec2.replace_network_acl_association(AssociationId=before, NetworkAclId=id)["NewAssociationId"]
    same((id, new), association())
    ec2.replace_network_acl_association(AssociationId=new, NetworkAclId=default)
    ec2.delete_network_acl(NetworkAclId=id)
    refused("InvalidNetworkAclID.NotFound", lambda: ec2.describe_network_acls(NetworkAclIds=[id]))


vpc, instance, nic, subnet = this_host()
made = rules(vpc)
attachment(instance, nic, made)
tags(made)
lists(made)
acls(vpc, subnet)
ec2.delete_security_group(GroupId=made)
refused("InvalidGroup.NotFound", lambda: ec2.describe_security_groups(GroupIds=[made]))
print(*sorted(called))
