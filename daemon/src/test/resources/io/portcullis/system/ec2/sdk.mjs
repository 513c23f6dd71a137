// The calls of SdkWalk with the AWS SDK for JavaScript: node sdk.mjs STEP. It fails at the first wrong answer.
import assert from "node:assert/strict";
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateManagedPrefixListCommand,
  CreateSecurityGroupCommand,
  DeleteManagedPrefixListCommand,
  DeleteSecurityGroupCommand,
  DescribeManagedPrefixListsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  EC2Client,
  EC2ServiceException,
  ModifyManagedPrefixListCommand,
  ModifyNetworkInterfaceAttributeCommand,
  ModifySecurityGroupRulesCommand,
  RevokeSecurityGroupIngressCommand,
  paginateDescribeSecurityGroupRules,
  paginateDescribeSecurityGroups,
  paginateGetManagedPrefixListEntries,
  waitUntilSecurityGroupExists,
} from "@aws-sdk/client-ec2";

const PAGE = 5;
const GROUPS = 7;

// Endpoint, region and keys are in the environment.
const ec2 = new EC2Client({});
const call = (Command, parameters) => ec2.send(new Command(parameters));
const filter = (name, value) => [{ Name: name, Values: [value] }];

async function assertRefused(code, status, promise) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof EC2ServiceException, error);
    assert.equal(error.name, code, error.message);
    assert.equal(error.$metadata.httpStatusCode, status);
    assert.ok(error.$metadata.requestId);
    return true;
  });
}

async function all(pages, key) {
  const found = [];
  for await (const page of pages) {
    found.push(...page[key]);
  }
  return found;
}

const groupsOfPages = () =>
  all(
    paginateDescribeSecurityGroups({ client: ec2, pageSize: PAGE }, { Filters: filter("group-name", "page-*") }),
    "SecurityGroups",
  );

async function ingress(group) {
  const pages = paginateDescribeSecurityGroupRules({ client: ec2, pageSize: PAGE }, { Filters: filter("group-id", group) });
  return (await all(pages, "SecurityGroupRules")).filter((rule) => !rule.IsEgress);
}

async function idOf(name) {
  const answer = await call(DescribeSecurityGroupsCommand, { Filters: filter("group-name", name) });
  return answer.SecurityGroups[0].GroupId;
}

async function list(filters) {
  return (await call(DescribeManagedPrefixListsCommand, filters)).PrefixLists[0];
}

async function attach(...names) {
  const nic = (await call(DescribeNetworkInterfacesCommand, {})).NetworkInterfaces[0].NetworkInterfaceId;
  await call(ModifyNetworkInterfaceAttributeCommand, {
    NetworkInterfaceId: nic,
    Groups: await Promise.all(names.map(idOf)),
  });
}

const tcp = (from, to, source) => ({ IpProtocol: "tcp", FromPort: from, ToPort: to, ...source });

async function open() {
  const vpc = (await call(DescribeVpcsCommand, { Filters: filter("is-default", "true") })).Vpcs[0].VpcId;
  const id = (
    await call(CreateSecurityGroupCommand, {
      GroupName: "sdk",
      Description: "Made by an SDK",
      VpcId: vpc,
      TagSpecifications: [{ ResourceType: "security-group", Tags: [{ Key: "team", Value: "blue & <green>" }] }],
    })
  ).GroupId;
  const waited = await waitUntilSecurityGroupExists({ client: ec2, maxWaitTime: 20 }, { GroupIds: [id] });
  assert.equal(waited.state, "SUCCESS");
  const made = (await call(DescribeSecurityGroupsCommand, { GroupIds: [id] })).SecurityGroups[0];
  assert.deepEqual(made.Tags, [{ Key: "team", Value: "blue & <green>" }]);
  await assertRefused(
    "InvalidGroup.Duplicate",
    400,
    call(CreateSecurityGroupCommand, { GroupName: "sdk", Description: "again" }),
  );
  const permissions = [
    tcp(80, 80, { IpRanges: [{ CidrIp: "203.0.113.10/32", Description: "one client" }] }),
    tcp(8000, 8010, { Ipv6Ranges: [{ CidrIpv6: "2001:db8::/32" }] }),
  ];
  const parameters = { GroupId: id, IpPermissions: permissions };
  await assertRefused("DryRunOperation", 412, call(AuthorizeSecurityGroupIngressCommand, { ...parameters, DryRun: true }));
  const rules = (await call(AuthorizeSecurityGroupIngressCommand, parameters)).SecurityGroupRules;
  assert.equal(rules.length, 2);
  await assertRefused("InvalidPermission.Duplicate", 400, call(AuthorizeSecurityGroupIngressCommand, parameters));
  await attach("base", "sdk");
  for (let i = 0; i < GROUPS; i++) {
    await call(CreateSecurityGroupCommand, { GroupName: `page-${i}`, Description: "one of a page" });
  }
  const names = new Set((await groupsOfPages()).map((group) => group.GroupName));
  assert.equal(names.size, GROUPS);
}

async function change() {
  const id = await idOf("sdk");
  const rule = (await ingress(id)).find((each) => each.FromPort === 80).SecurityGroupRuleId;
  await call(ModifySecurityGroupRulesCommand, {
    GroupId: id,
    SecurityGroupRules: [
      {
        SecurityGroupRuleId: rule,
        SecurityGroupRule: tcp(80, 80, { CidrIpv4: "203.0.113.11/32", Description: "another client" }),
      },
    ],
  });
  const modified = await call(DescribeSecurityGroupRulesCommand, { SecurityGroupRuleIds: [rule] });
  assert.equal(modified.SecurityGroupRules[0].CidrIpv4, "203.0.113.11/32");
  const made = (
    await call(CreateManagedPrefixListCommand, {
      PrefixListName: "sdk-list",
      AddressFamily: "IPv4",
      MaxEntries: 10,
      Entries: [{ Cidr: "198.51.100.0/24", Description: "an office" }],
    })
  ).PrefixList.PrefixListId;
  const itself = { PrefixListIds: [made] };
  assert.equal((await list(itself)).State, "create-complete");
  await call(AuthorizeSecurityGroupIngressCommand, {
    GroupId: id,
    IpPermissions: [tcp(80, 80, { PrefixListIds: [{ PrefixListId: made }] })],
  });
  const addition = { PrefixListId: made, CurrentVersion: 1, AddEntries: [{ Cidr: "203.0.113.10/32" }] };
  await call(ModifyManagedPrefixListCommand, addition);
  assert.equal((await list(itself)).Version, 2);
  await assertRefused("PrefixListVersionMismatch", 400, call(ModifyManagedPrefixListCommand, addition));
  const entries = await all(paginateGetManagedPrefixListEntries({ client: ec2 }, { PrefixListId: made }), "Entries");
  assert.deepEqual(entries.map((entry) => entry.Cidr).sort(), ["198.51.100.0/24", "203.0.113.10/32"]);
}

async function close() {
  const id = await idOf("sdk");
  await assertRefused("DependencyViolation", 400, call(DeleteSecurityGroupCommand, { GroupId: id }));
  const rules = { GroupId: id, SecurityGroupRuleIds: (await ingress(id)).map((rule) => rule.SecurityGroupRuleId) };
  await call(RevokeSecurityGroupIngressCommand, rules);
  await assertRefused("InvalidSecurityGroupRuleId.NotFound", 400, call(RevokeSecurityGroupIngressCommand, rules));
  const permission = { GroupId: id, IpProtocol: "tcp", FromPort: 80, ToPort: 80, CidrIp: "203.0.113.11/32" };
  await assertRefused("InvalidPermission.NotFound", 400, call(RevokeSecurityGroupIngressCommand, permission));
  await attach("base");
  await call(DeleteSecurityGroupCommand, { GroupId: id });
  await assertRefused("InvalidGroup.NotFound", 400, call(DescribeSecurityGroupsCommand, { GroupIds: [id] }));
  for (const group of await groupsOfPages()) {
    await call(DeleteSecurityGroupCommand, { GroupId: group.GroupId });
  }
  const made = await list({ Filters: filter("prefix-list-name", "sdk-list") });
  await call(DeleteManagedPrefixListCommand, { PrefixListId: made.PrefixListId });
  await assertRefused("UnsupportedOperation", 400, call(DescribeVolumesCommand, {}));
  const stranger = new EC2Client({ credentials: { accessKeyId: "AKIATEST", secretAccessKey: "another-secret" } });
  await assertRefused("AuthFailure", 401, stranger.send(new DescribeVpcsCommand({})));
}

await { open, change, close }[process.argv[2]]();
