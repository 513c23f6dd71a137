package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.model.ResourceKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The instance that this host is, as clients ask for it. */
final class InstanceActionsTest {
    private static final String GROUPS = """
            security-groups:
              web: {id: sg-0000000a, ingress: []}
              ssh: {id: sg-0000000b, ingress: []}
            """;
    private static final String TWO = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, id: eni-00000001, addresses: [198.51.100.7], source-check: true, security-groups: [web]}
              db0: {mode: host, nic: eth1, id: eni-00000002, security-groups: [ssh, web]}
            """ + GROUPS;
    private static final String ONE = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web]}
            """ + GROUPS;
    private static final String ID = TextStore.ACCOUNT.ids().of(ResourceKind.INSTANCE, "host");
    private static final String MODIFY = "Action=ModifyInstanceAttribute&InstanceId=" + ID;

    private final TextStore store = new TextStore(TWO);
    private final Calls calls = new Calls(store);

    @Test
    void thisHostIsARunningInstanceWithAllInterfaces() throws Exception {
        String xml = calls.answer("Action=DescribeInstances");
        assertTrue(
                xml.contains("<instanceId>" + ID + "</instanceId><instanceState><code>16</code><name>running</name>"),
                xml);
        assertTrue(xml.contains("<ownerId>123456789012</ownerId><groupSet/><instancesSet>"), xml);
        int web0 = xml.indexOf("<networkInterfaceId>eni-00000001<");
        assertTrue(web0 > 0 && web0 < xml.indexOf("<networkInterfaceId>eni-00000002<"), xml);
        assertTrue(
                xml.contains(
                        "<blockDeviceMapping/><groupSet><item><groupId>sg-0000000a</groupId><groupName>web</groupName>"
                                + "</item><item><groupId>sg-0000000b</groupId><groupName>ssh</groupName></item></groupSet>"),
                xml);
        assertTrue(xml.contains("<privateIpAddress>198.51.100.7</privateIpAddress><sourceDestCheck>true<"), xml);
        assertEquals(xml, calls.answer("Action=DescribeInstances&InstanceId.1=" + ID));
    }

    @ParameterizedTest
    @CsvSource({
        "instance.group-id, sg-0000000a, true",
        "instance.group-id, sg-0000000b, true",
        "instance.group-id, sg-0000000c, false",
        "instance.group-name, s*, true",
        "instance-state-name, running, true",
        "instance-state-name, stopped, false",
        "instance-state-code, 16, true",
        "network-interface.group-id, sg-0000000b, true",
        "network-interface.network-interface-id, eni-00000002, true",
        "network-interface.addresses.private-ip-address, 198.51.100.7, true",
        "network-interface.attachment.device-index, 1, true",
        "network-interface.attachment.device-index, 2, false",
        "network-interface.description, db0, true",
        "private-ip-address, 198.51.100.7, true",
        "source-dest-check, true, true",
        "source-dest-check, false, false",
        "vpc-id, vpc-0123456789abcdef0, true",
        "availability-zone, us-east-1a, true",
        "owner-id, 123456789012, true",
        "platform-details, Linux/UNIX, true",
        "tenancy, default, true",
        "monitoring-state, disabled, true",
        "launch-index, 0, true",
        "image-id, *, false",
        "group-id, *, false",
        "tag:Name, *, false",
    })
    void filtersLookAtTheHostAndItsInterfaces(String filter, String value, boolean isFound) throws Exception {
        String xml = calls.answer("Action=DescribeInstances&Filter.1.Name=" + filter + "&Filter.1.Value.1=" + value);
        assertEquals(isFound, xml.contains(ID), xml);
        assertEquals(!isFound, xml.contains("<reservationSet/>"), xml);
    }

    @Test
    void tagsOfTheInstanceAreShownAndFiltered() throws Exception {
        calls.answer("Action=CreateTags&ResourceId.1=" + ID + "&Tag.1.Key=Name&Tag.1.Value=edge");
        String xml = calls.answer("Action=DescribeInstances&Filter.1.Name=tag:Name&Filter.1.Value.1=edge");
        assertTrue(xml.contains("<tagSet><item><key>Name</key><value>edge</value></item></tagSet>"), xml);
    }

    @Test
    void wrongCallsAreRefused() {
        assertEquals(
                "InvalidParameterCombination: The parameter instancesSet cannot be used with the parameter maxResults",
                calls.refusal("Action=DescribeInstances&MaxResults=5&InstanceId.1=" + ID));
        assertEquals(
                "InvalidInstanceID.NotFound: The instance ID 'i-00000000' does not exist",
                calls.refusal("Action=DescribeInstances&InstanceId.1=i-00000000"));
        assertEquals(
                "InvalidInstanceID.Malformed: Invalid id: \"host\" (expecting \"i-...\")",
                calls.refusal("Action=DescribeInstances&InstanceId.1=host"));
        assertEquals(
                "InvalidParameterValue: The filter 'state' is invalid",
                calls.refusal("Action=DescribeInstances&Filter.1.Name=state&Filter.1.Value.1=running"));
    }

    @ParameterizedTest
    @CsvSource({
        "groupSet, <groupSet><item><groupId>sg-0000000a</groupId><groupName>web</groupName></item><item>"
                + "<groupId>sg-0000000b</groupId><groupName>ssh</groupName></item></groupSet>",
        "sourceDestCheck, <sourceDestCheck><value>true</value></sourceDestCheck>",
        "blockDeviceMapping, <blockDeviceMapping/>",
        "userData, <userData></userData>",
    })
    void anAttributeIsShown(String attribute, String shown) throws Exception {
        String xml = calls.answer("Action=DescribeInstanceAttribute&InstanceId=" + ID + "&Attribute=" + attribute);
        assertTrue(xml.contains("<instanceId>" + ID + "</instanceId>" + shown + "</Describe"), xml);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "disableApiStop",
                "disableApiTermination",
                "ebsOptimized",
                "enaSupport",
                "enclaveOptions",
                "instanceInitiatedShutdownBehavior",
                "instanceType",
                "kernel",
                "productCodes",
                "ramdisk",
                "rootDeviceName",
                "sriovNetSupport",
            })
    void whatAHostHasNotIsEmpty(String attribute) throws Exception {
        String xml = calls.answer("Action=DescribeInstanceAttribute&InstanceId=" + ID + "&Attribute=" + attribute);
        assertTrue(xml.matches("(?s).*<" + attribute + "(/>|></" + attribute + ">)</Describe.*"), xml);
    }

    @Test
    void anUnknownAttributeIsRefused() {
        assertEquals(
                "InvalidParameterValue: Value (colour) for parameter Attribute is invalid. An instance has no such"
                        + " attribute, or this host does not know it.",
                calls.refusal("Action=DescribeInstanceAttribute&Attribute=colour&InstanceId=" + ID));
    }

    @Test
    void theGroupsOfTheOnlyInterfaceAreSet() throws Exception {
        TextStore one = new TextStore(ONE);
        new Calls(one).answer(MODIFY + "&GroupId.1=sg-0000000b");
        assertEquals(ONE.replace("[web]", "[ssh]"), one.text());
    }

    @Test
    void ofSeveralInterfacesTheCallerMustNameOne() {
        assertEquals(
                "InvalidInstanceID: There are multiple interfaces attached to instance '" + ID
                        + "'. Please specify an interface ID for the operation instead.",
                calls.refusal(MODIFY + "&GroupId.1=sg-0000000b"));
        assertEquals(TWO, store.text());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | InvalidParameterCombination: No attributes specified.",
                "&GroupId.1=sg-0000000f | InvalidGroup.NotFound: The security group 'sg-0000000f' does not exist",
                "&GroupId.1=ssh | InvalidGroupId.Malformed: The security group ID 'ssh' is malformed",
                "&InstanceType.Value=t3.micro | OperationNotPermitted: Only the security groups of an instance can be"
                        + " changed on this host, not InstanceType",
                "&Attribute=userData&Value=a | OperationNotPermitted: Only the security groups of an instance can be"
                        + " changed on this host, not Attribute",
                "&GroupId.1=sg-0000000b&DryRun=true | DryRunOperation: Request would have succeeded, but DryRun flag is"
                        + " set.",
            })
    void aRefusedChangeChangesNothing(String rest, String refusal) {
        TextStore one = new TextStore(ONE);
        assertEquals(refusal, new Calls(one).refusal(MODIFY + rest));
        assertEquals(ONE, one.text());
    }
}
