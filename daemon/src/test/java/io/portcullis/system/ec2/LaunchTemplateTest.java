package io.portcullis.system.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A launch template and the groups that it names: what the import makes of them is what a daemon starts with. */
@Tag("system")
final class LaunchTemplateTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final OpenPorts PORTS = new OpenPorts(LAB);

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [webserver-open]}
            security-groups:
              webserver-open:
                id: sg-00000000000000000
                ingress: [{protocol: tcp, ports: [80, 443], from: 203.0.113.10}]
            ec2-api: {credentials: @KEYS@, vpc-id: vpc-0123456789abcdef0}
            """;

    private static final String TEMPLATE = """
            {
              "ImageId": "ami-0abcdef1234567890",
              "InstanceType": "t3.micro",
              "NetworkInterfaces": [
                {
                  "DeviceIndex": 0,
                  "SubnetId": "subnet-0123456789abcdef0",
                  "Groups": ["sg-00000000000000000"],
                  "AssociatePublicIpAddress": true
                }
              ],
              "UserData": "IyEvYmluL2Jhc2gKc3VkbyBhcHQtZ2V0IHVwZGF0ZSAteQo="
            }
            """;

    @BeforeAll
    static void servers() {
        AwsCli.assumeInstalled();
        PORTS.serve();
    }

    @Test
    void itIsImportedAndTheTrafficObeys() throws IOException {
        Path template = LAB.file("launch-template.json", TEMPLATE);
        Path groups = LAB.file("groups.json", "");
        try (Ec2Host host = new Ec2Host(LAB, RULES)) {
            AwsCli aws = new AwsCli(host);
            Files.writeString(groups, aws.ec2("describe-security-groups"));
            String launch = "run-instances --launch-template LaunchTemplateName=web";
            String create =
                    "create-launch-template --launch-template-name web --launch-template-data file://" + template;
            for (String line : List.of(create, launch)) {
                String refused = aws.refused("UnsupportedOperation", line);
                assertTrue(refused.contains("portcullis import ec2"), refused);
            }
        }
        Command imported = LAB.home("")
                .portcullis("import", "ec2", "--interface", "0=web0:out0", template.toString(), groups.toString())
                .ok();
        assertEquals(
                List.of("ImageId", "InstanceType", "UserData", "AssociatePublicIpAddress"),
                imported.out()
                        .lines()
                        .filter(line -> line.endsWith("not a firewall's"))
                        .map(line -> line.split(" ")[2].replace(":", ""))
                        .toList());
        assertTrue(imported.output().contains("id: sg-00000000000000000"), imported.output());
        try (DaemonProcess _ = LAB.daemon(imported.output())) {
            PORTS.assertOpen(List.of(80, 443), List.of());
        }
    }
}
