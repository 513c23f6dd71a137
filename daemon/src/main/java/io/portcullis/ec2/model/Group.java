package io.portcullis.ec2.model;

import io.portcullis.config.SecurityGroup;
import java.util.List;
import java.util.Map;

/**
 * A security group.
 *
 * @param written in the configuration
 * @param ingress in the order of the file; a rule that is written twice comes once
 * @param egress likewise; where the configuration says nothing, the two implied rules
 */
public record Group(
        String id, SecurityGroup written, List<GroupRule> ingress, List<GroupRule> egress, Map<String, String> tags) {
    public Group {
        ingress = List.copyOf(ingress);
        egress = List.copyOf(egress);
    }

    /** As in the configuration. */
    public String name() {
        return written.name();
    }

    /** The rules of one direction. */
    public List<GroupRule> rules(boolean isIngress) {
        return isIngress ? ingress : egress;
    }
}
