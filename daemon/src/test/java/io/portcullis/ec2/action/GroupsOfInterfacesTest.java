package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.files.SourceText;
import io.portcullis.ec2.model.ResourceKind;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The groups of interfaces in files as people write them, and all parameters that change something else. */
final class GroupsOfInterfacesTest {
    private static final String GROUPS = """
            security-groups:
              web: {id: sg-0000000a, ingress: []}
              ssh: {id: sg-0000000b, ingress: []}
            """;
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, id: eni-00000001, security-groups: [web]}
            """ + GROUPS;
    private static final String INSTANCE = TextStore.ACCOUNT.ids().of(ResourceKind.INSTANCE, "host");
    private static final String OF_INTERFACE =
            "Action=ModifyNetworkInterfaceAttribute&NetworkInterfaceId=eni-00000001&SecurityGroupId.1=sg-0000000b";
    private static final String OF_INSTANCE =
            "Action=ModifyInstanceAttribute&InstanceId=" + INSTANCE + "&GroupId.1=sg-0000000b";

    private static void assertRefused(String query, String parameter) {
        TextStore store = new TextStore(YAML);
        String refusal = new Calls(store).refusal(query + "&" + parameter);
        String name = parameter.split("[.=]", 2)[0];
        assertTrue(refusal.startsWith("OperationNotPermitted: ") && refusal.endsWith(", not " + name), refusal);
        assertEquals(YAML, store.text());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "EnaSrdSpecification.EnaSrdEnabled=true",
                "EnaSrdSpecification.EnaSrdUdpSpecification.EnaSrdUdpEnabled=false",
                "EnablePrimaryIpv6=false",
                "ConnectionTrackingSpecification.TcpEstablishedTimeout=60",
                "ConnectionTrackingSpecification.UdpStreamTimeout=60",
                "ConnectionTrackingSpecification.UdpTimeout=30",
                "AssociatePublicIpAddress=false",
                "AssociatedSubnetId.1=subnet-00000001",
                "Description.Value=",
                "SourceDestCheck.Value=true",
                "Attachment.AttachmentId=eni-attach-00000001",
                "Attachment.DeleteOnTermination=false",
                "Attachment.DefaultEnaQueueCount=true",
                "Attachment.EnaQueueCount=2",
            })
    void ofAnInterfaceOnlyTheGroupsChange(String parameter) {
        assertRefused(OF_INTERFACE, parameter);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SourceDestCheck.Value=false",
                "DisableApiStop.Value=false",
                "Attribute=kernel",
                "Value=",
                "BlockDeviceMapping.1.DeviceName=sda",
                "BlockDeviceMapping.1.Ebs.DeleteOnTermination=true",
                "DisableApiTermination.Value=true",
                "InstanceType.Value=t3.micro",
                "Kernel.Value=a",
                "Ramdisk.Value=a",
                "UserData.Value=YQ==",
                "InstanceInitiatedShutdownBehavior.Value=stop",
                "EbsOptimized.Value=false",
                "SriovNetSupport.Value=simple",
                "EnaSupport.Value=true",
            })
    void ofAnInstanceOnlyTheGroupsChange(String parameter) {
        assertRefused(OF_INSTANCE, parameter);
    }

    @Test
    void theFileThatHasTheInterfaceIsChanged() throws Exception {
        String included = """
                interfaces:
                  web0:
                    mode: host
                    nic: eth0
                    id: eni-00000001
                    security-groups: # one
                      - web
                """;
        String main = "version: 1\ninclude: [site.yaml]\n" + GROUPS;
        TextStore store = new TextStore(List.of(
                new SourceText("/etc/portcullis/portcullis.yaml", main),
                new SourceText("/etc/portcullis/site.yaml", included)));
        new Calls(store).answer(OF_INTERFACE);
        assertEquals(main, store.text());
        assertEquals(included.replace("- web", "- ssh"), store.texts().getLast().yaml());
    }

    @Test
    void groupsThatTwoInterfacesShareByAnAnchorAreLeftToPeople() {
        String shared = """
                version: 1
                interfaces:
                  web0: {mode: host, nic: eth0, id: eni-00000001, security-groups: &shared [web]}
                  db0: {mode: host, nic: eth1, id: eni-00000002, security-groups: *shared}
                """ + GROUPS;
        TextStore store = new TextStore(shared);
        String refusal = new Calls(store).refusal(OF_INTERFACE.replace("eni-00000001", "eni-00000002"));
        assertEquals(
                "OperationNotPermitted: /etc/portcullis/portcullis.yaml:4:67: security-groups: is an alias, which a change of"
                        + " this text cannot keep: write the value out",
                refusal);
        assertEquals(shared, store.text());
    }

    @Test
    void aGroupWhoseNameNeedsQuotesIsWrittenWithThem() throws Exception {
        String yaml = YAML + "  \"a & b {x}\": {id: sg-0000000c, ingress: []}\n";
        TextStore store = new TextStore(yaml);
        Calls calls = new Calls(store);
        calls.answer(OF_INTERFACE.replace("sg-0000000b", "sg-0000000c"));
        assertEquals(yaml.replace("[web]", "[\"a & b {x}\"]"), store.text());
        String xml =
                calls.answer("Action=DescribeInstances&Filter.1.Name=instance.group-id&Filter.1.Value.1=sg-0000000c");
        assertTrue(xml.contains("<groupName>a &amp; b {x}</groupName>"), xml);
    }

    @Test
    void aTokenThatNoAnswerHadIsRefused() {
        Calls calls = new Calls(new TextStore(YAML));
        for (String action : List.of("DescribeInstances", "DescribeNetworkInterfaces")) {
            assertEquals(
                    "InvalidParameterValue: Value ( a ) for parameter NextToken is invalid. The token is invalid.",
                    calls.refusal("Action=" + action + "&NextToken=a"));
        }
    }
}
