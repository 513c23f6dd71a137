"""Each paginator of boto3 for an action that the host has: pages of any size hold the same items as one answer."""

import math

from host import *

VPC = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]


def fill():
    """More objects of each kind than a page has; returns the list with entries and associations, and the first group."""
    entries = [{"Cidr": f"198.51.100.{i}/32"} for i in range(12)]
    offices = ec2.create_managed_prefix_list(
        PrefixListName="offices", AddressFamily="IPv4", MaxEntries=20, Entries=entries
    )["PrefixList"]["PrefixListId"]
    for i in range(6):
        ec2.create_managed_prefix_list(PrefixListName=f"list{i}", AddressFamily="IPv6", MaxEntries=1)
        ec2.create_network_acl(VpcId=VPC)
    groups = []
    for i in range(11):
        tags = [{"Key": "number", "Value": str(i)}, {"Key": "even", "Value": str(i % 2 == 0)}]
        groups.append(group(f"page{i}", TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}]))
        source = {"PrefixListIds": [{"PrefixListId": offices}]}
        ec2.authorize_security_group_ingress(GroupId=groups[i], IpPermissions=[tcp(80, **source)])
    return offices, groups[0]


def items(answer, key):
    """The items of an answer, one of key's parts within the other."""
    found = [answer]
    for part in key.split("."):
        found = [item for each in found for item in each[part]]
    return found


def check(least, operation, key, size, **parameters):
    whole = items(getattr(ec2, operation)(**parameters), key)
    assert len(whole) >= least, f"{operation}: {len(whole)} items only"
    paginator = ec2.get_paginator(operation)
    pages = [items(page, key) for page in paginator.paginate(PaginationConfig={"PageSize": size}, **parameters)]
    same(max(1, math.ceil(len(whole) / size)), len(pages))
    same([], [page for page in pages[:-1] if len(page) != size])
    same(whole, [item for page in pages for item in page])
    # In two parts, the second with the token of the first.
    part = paginator.paginate(PaginationConfig={"PageSize": size, "MaxItems": size}, **parameters)
    first = items(part.build_full_result(), key)
    rest = []
    if len(whole) > size:
        more = paginator.paginate(
            PaginationConfig={"PageSize": size, "StartingToken": part.resume_token}, **parameters
        )
        rest = items(more.build_full_result(), key)
    same(whole, first + rest)


offices, first = fill()
even = [{"Name": "tag:even", "Values": ["True"]}]
web = [{"Name": "group-name", "Values": ["page*"]}]
check(12, "describe_security_groups", "SecurityGroups", 5)
check(11, "describe_security_groups", "SecurityGroups", 5, Filters=web)
check(6, "describe_security_groups", "SecurityGroups", 5, Filters=even)
check(33, "describe_security_group_rules", "SecurityGroupRules", 5)
check(3, "describe_security_group_rules", "SecurityGroupRules", 5, Filters=[{"Name": "group-id", "Values": [first]}])
check(22, "describe_tags", "Tags", 5)
check(7, "describe_network_interfaces", "NetworkInterfaces", 5)
check(7, "describe_subnets", "Subnets", 5)
check(1, "describe_vpcs", "Vpcs", 5)
check(1, "describe_instances", "Reservations.Instances", 5)
check(7, "describe_network_acls", "NetworkAcls", 5)
check(7, "describe_managed_prefix_lists", "PrefixLists", 3)
check(0, "describe_prefix_lists", "PrefixLists", 5)
check(12, "get_managed_prefix_list_entries", "Entries", 5, PrefixListId=offices)
check(11, "get_managed_prefix_list_associations", "PrefixListAssociations", 5, PrefixListId=offices)
check(0, "describe_stale_security_groups", "StaleSecurityGroupSet", 5, VpcId=VPC)

# Groups that come and go between two pages: what was there all the time is listed once.
pages = iter(ec2.get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 5}))
seen = [each["GroupName"] for each in next(pages)["SecurityGroups"]]
ec2.delete_security_group(GroupId=first)
group("page99")
seen += [each["GroupName"] for page in pages for each in page["SecurityGroups"]]
same([1] * 10, [seen.count(f"page{i}") for i in range(1, 11)])
