package io.portcullis.service.traffic;

import io.portcullis.config.AclEntry;
import io.portcullis.config.Location;
import io.portcullis.hits.HitRecord;
import io.portcullis.hits.HitSlots;
import io.portcullis.policy.Acl;
import io.portcullis.policy.CompiledRule;
import io.portcullis.policy.Policy;
import org.jspecify.annotations.Nullable;

/**
 * The rules of one interface.
 *
 * @param policy its rules
 * @param hits of these rules; null: unknown
 */
public record InterfaceRules(
        String name, Policy policy, @Nullable HitSlots hits) {
    /** Of an interface that is guarded. */
    public static InterfaceRules guarded(String name, HitSlots hits) {
        return new InterfaceRules(name, hits.policy(), hits);
    }

    /**
     * The place of a rule on one interface.
     *
     * @param number of the rule, or of the entry of the network ACL
     */
    record Place(InterfaceRules on, boolean isAcl, int number) {
        String id() {
            Acl acl = on.policy.acl();
            return isAcl && acl != null
                    ? acl.id(number)
                    : on.policy.rule(number).id();
        }

        /** Null: unknown. */
        @Nullable
        HitRecord hits() {
            if (on.hits == null) {
                return null;
            }
            return isAcl ? on.hits.recordAcl(number) : on.hits.record(number);
        }

        /** The rule as one line. */
        String text() {
            if (!isAcl) {
                return on.policy.text(number);
            }
            AclEntry entry = entry();
            return entry == null
                    ? "deny everything else"
                    : (entry.allow() ? "allow " : "deny ") + entry.packets().text(isIngress());
        }

        boolean isIngress() {
            return id().contains("/ingress[");
        }

        private @Nullable AclEntry entry() {
            Acl acl = on.policy.acl();
            return acl == null ? null : acl.entry(number);
        }

        String description() {
            AclEntry entry = isAcl ? entry() : null;
            return isAcl
                    ? entry == null ? "" : entry.packets().description()
                    : on.policy.rule(number).description();
        }

        /** {@code file:line:column}, or empty. */
        String location() {
            CompiledRule rule = isAcl ? null : on.policy.rule(number);
            AclEntry entry = isAcl ? entry() : null;
            Location location = rule != null
                    ? rule.location()
                    : entry == null ? null : entry.packets().location();
            return location == null ? "" : location.toString();
        }
    }
}
