package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The account, its region and its zone, as clients ask for them. */
final class AccountActionsTest {
    private final Calls calls = new Calls(new TextStore("""
            version: 1
            interfaces: {web0: {mode: host, nic: eth0, security-groups: [web]}}
            security-groups: {web: {ingress: []}}
            """));

    private static String body(String xml) {
        return xml.replaceFirst("(?s).*<requestId>request-1</requestId>", "").replaceFirst("</[A-Za-z]+Response>$", "");
    }

    @Test
    void thereIsOneRegion() throws Exception {
        String one =
                "<regionInfo><item><regionName>us-east-1</regionName><optInStatus>opt-in-not-required</optInStatus>"
                        + "</item></regionInfo>";
        assertEquals(one, body(calls.answer("Action=DescribeRegions")));
        assertEquals(one, body(calls.answer("Action=DescribeRegions&AllRegions=true&RegionName.1=us-east-1")));
        assertEquals(
                "InvalidParameterValue: Value (eu-west-1) for parameter RegionName is invalid. The only region is"
                        + " us-east-1.",
                calls.refusal("Action=DescribeRegions&RegionName.1=us-east-1&RegionName.2=eu-west-1"));
    }

    @Test
    void thereIsOneZone() throws Exception {
        String one = "<availabilityZoneInfo><item><zoneName>us-east-1a</zoneName><zoneId>us-east-1-az1</zoneId>"
                + "<zoneState>available</zoneState><regionName>us-east-1</regionName><groupName>us-east-1</groupName>"
                + "<networkBorderGroup>us-east-1</networkBorderGroup><optInStatus>opt-in-not-required</optInStatus>"
                + "<zoneType>availability-zone</zoneType><messageSet/></item></availabilityZoneInfo>";
        assertEquals(one, body(calls.answer("Action=DescribeAvailabilityZones")));
        assertEquals(
                one,
                body(calls.answer("Action=DescribeAvailabilityZones&ZoneName.1=us-east-1a&ZoneId.1=us-east-1-az1")));
        assertEquals(
                "InvalidParameterValue: Invalid availability zone: [us-east-1b]",
                calls.refusal("Action=DescribeAvailabilityZones&ZoneName.1=us-east-1b"));
        assertEquals(
                "InvalidParameterValue: Invalid availability zone-id: [use1-az1]",
                calls.refusal("Action=DescribeAvailabilityZones&ZoneId.1=use1-az1"));
    }

    @ParameterizedTest
    @CsvSource({
        "DescribeRegions, region-name, us-*, true",
        "DescribeRegions, region-name, eu-*, false",
        "DescribeRegions, opt-in-status, opt-in-not-required, true",
        "DescribeRegions, endpoint, *, false",
        "DescribeAvailabilityZones, zone-name, us-east-1a, true",
        "DescribeAvailabilityZones, zone-id, us-east-1-az1, true",
        "DescribeAvailabilityZones, zone-type, local-zone, false",
        "DescribeAvailabilityZones, state, available, true",
        "DescribeAvailabilityZones, group-name, us-east-1, true",
        "DescribeAvailabilityZones, message, *, false",
        "DescribeAvailabilityZones, parent-zone-id, *, false",
        "DescribeAvailabilityZones, parent-zoneID, *, false",
        "DescribeAvailabilityZones, parent-zoneName, *, false",
    })
    void filtersLookAtRegionAndZone(String action, String filter, String value, boolean isFound) throws Exception {
        String xml = calls.answer("Action=" + action + "&Filter.1.Name=" + filter + "&Filter.1.Value.1=" + value);
        assertEquals(isFound, xml.contains("<item>"), xml);
    }

    @ParameterizedTest
    @ValueSource(strings = {"DescribeRegions", "DescribeAvailabilityZones"})
    void anUndocumentedFilterIsRefused(String action) {
        assertEquals(
                "InvalidParameterValue: The filter 'vpc-id' is invalid",
                calls.refusal("Action=" + action + "&Filter.1.Name=vpc-id&Filter.1.Value.1=a"));
    }

    @Test
    void theAccountHasItsAttributes() throws Exception {
        String all = calls.answer("Action=DescribeAccountAttributes");
        for (String each : new String[] {
            "supported-platforms VPC",
            "default-vpc vpc-0123456789abcdef0",
            "max-instances 1",
            "max-elastic-ips 0",
            "vpc-max-elastic-ips 0",
            "vpc-max-security-groups-per-interface 2147483647",
        }) {
            String[] words = each.split(" ", -1);
            assertTrue(
                    all.contains("<item><attributeName>" + words[0] + "</attributeName><attributeValueSet><item>"
                            + "<attributeValue>" + words[1] + "</attributeValue></item></attributeValueSet></item>"),
                    all);
        }
        String one = calls.answer("Action=DescribeAccountAttributes&AttributeName.1=default-vpc");
        assertTrue(one.contains("default-vpc") && !one.contains("max-"), one);
        assertEquals(
                "InvalidParameterValue: Value (max-cores) for parameter AttributeName is invalid. Expecting one of:"
                        + " supported-platforms, default-vpc, max-instances, vpc-max-security-groups-per-interface,"
                        + " max-elastic-ips, vpc-max-elastic-ips",
                calls.refusal("Action=DescribeAccountAttributes&AttributeName.1=max-cores"));
    }

    @Test
    void theCallerIsAUserWithTheNameOfItsKey() throws Exception {
        String xml = calls.answer("Action=GetCallerIdentity");
        assertTrue(
                xml.contains("<UserId>AKIATEST</UserId><Account>123456789012</Account>"
                        + "<Arn>arn:aws:iam::123456789012:user/AKIATEST</Arn>"),
                xml);
    }
}
