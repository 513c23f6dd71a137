package io.portcullis.system.ec2;

import io.portcullis.system.Lab;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The AWS SDK for Java, version 2, changes the host's groups, lists and rules. */
@Tag("system")
final class JavaSdkTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    @Test
    void paginatorsWaitersAndChangesOfTheSdkWork() {
        try (Ec2Host host = new Ec2Host(LAB, SdkWalk.RULES)) {
            new SdkWalk(
                            LAB,
                            host,
                            step -> LAB.java(
                                    "fw", JavaSdkProgram.class, step, Ec2Host.URL, Ec2Host.KEY, Ec2Host.SECRET))
                    .walk();
        }
    }
}
