package io.portcullis.policy;

/**
 * What failsafe rules, network ACL and groups together say of the first packet of a flow.
 *
 * @param rule number of the rule that admits it; {@link RuleSet#NONE}: it is not admitted
 * @param aclEntry the entry of the network ACL that matches it; {@link Acl#DEFAULT}: none does, or there is no ACL
 * @param deniedByAcl true: that entry denies it, and no failsafe rule overrules the ACL
 */
public record Admission(int rule, int aclEntry, boolean deniedByAcl) {
    /** True: the packet opens its flow. */
    public boolean isAdmitted() {
        return rule != RuleSet.NONE;
    }
}
