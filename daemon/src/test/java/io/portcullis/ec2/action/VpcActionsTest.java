package io.portcullis.ec2.action;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The VPC and what belongs to it. */
final class VpcActionsTest {
    private static final String YAML = """
            version: 1
            interfaces:
              web0: {mode: host, nic: eth0, security-groups: [web]}
            security-groups:
              web:
                ingress:
                  - {protocol: tcp, ports: 80, from: any}
            """;

    private final Calls calls = new Calls(new TextStore(YAML));

    @Test
    void thereIsOneVpcAndItIsTheDefaultOne() throws Exception {
        String all = calls.answer("Action=DescribeVpcs");
        assertTrue(all.contains("<vpcId>vpc-0123456789abcdef0</vpcId>"), all);
        assertTrue(all.contains("<isDefault>true</isDefault>"), all);
        assertEquals(
                "InvalidVpcID.NotFound: The vpc ID 'vpc-00000000' does not exist",
                calls.refusal("Action=DescribeVpcs&VpcId.1=vpc-00000000"));
        String none = calls.answer("Action=DescribeVpcs&Filter.1.Name=isDefault&Filter.1.Value.1=false");
        assertFalse(none.contains("<vpcId>"), none);
    }
}
