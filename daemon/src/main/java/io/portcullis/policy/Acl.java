package io.portcullis.policy;

import io.portcullis.config.AclEntry;
import io.portcullis.config.NetworkAcl;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A compiled network ACL: finds the lowest entry that matches a packet. Immutable; used on the datapath. */
public final class Acl {
    /** {@link #match}: no entry matches, which denies. */
    public static final int DEFAULT = RuleSet.NONE;

    /**
     * The entries of one direction.
     *
     * @param rules the entries as rules, by their position
     * @param allows by position; a clear bit denies
     * @param written by position, as in the configuration
     */
    private record CompiledEntries(RuleSet rules, BitSet allows, List<AclEntry> written) {}

    private final String name;
    private final CompiledEntries ingress;
    private final CompiledEntries egress;

    Acl(NetworkAcl acl) {
        name = acl.name();
        ingress = compile(acl.ingress());
        egress = compile(acl.egress());
    }

    private static CompiledEntries compile(List<AclEntry> entries) {
        RuleSetBuilder builder = new RuleSetBuilder();
        BitSet allows = new BitSet(entries.size());
        for (int i = 0; i < entries.size(); i++) {
            AclEntry entry = entries.get(i);
            builder.add(i, entry.packets(), Set.copyOf(entry.blocks()));
            allows.set(i, entry.allow());
        }
        return new CompiledEntries(builder.build(), allows, entries);
    }

    private CompiledEntries entries(boolean inward) {
        return inward ? ingress : egress;
    }

    /** The entries of one direction as rules, allowing ones and denying ones. */
    public RuleSet rules(boolean inward) {
        return entries(inward).rules;
    }

    /** The selectors that it allows, of one protocol and family. */
    public RuleLayer layer(boolean inward, boolean isV6, int protocol, Selectors asked) {
        CompiledEntries entries = entries(inward);
        return RuleLayer.firstMatch(entries.rules, isV6, protocol, entries.allows::get, asked);
    }

    /**
     * The entry that decides about a packet; the parameters are those of {@link RuleSet#match}.
     *
     * @param inward true for ingress
     * @return its position in the order of the numbers, or {@link #DEFAULT}
     */
    public int match(boolean inward, boolean isV6, int protocol, int selector, long peerHigh, long peerLow) {
        return entries(inward).rules.match(isV6, protocol, selector, peerHigh, peerLow);
    }

    /** True if an entry from {@link #match} allows; {@link #DEFAULT} does not. */
    public boolean allows(boolean inward, int entry) {
        return entry != DEFAULT && entries(inward).allows.get(entry);
    }

    /** The number of entries of both directions, including each direction's {@code *}. */
    public int size() {
        return ingress.written.size() + egress.written.size() + 2;
    }

    /** The number, 0 to {@link #size} - 1, of an entry from {@link #match}. */
    public int number(boolean inward, int entry) {
        // Each direction starts with *, as DEFAULT is -1.
        return (inward ? 0 : ingress.written.size() + 1) + entry + 1;
    }

    private boolean isInward(int number) {
        return number <= ingress.written.size();
    }

    private int position(int number) {
        return number - number(isInward(number), 0);
    }

    /** As {@link #id(boolean, int)}, by its {@link #number}. */
    public String id(int number) {
        return id(isInward(number), position(number));
    }

    /** An entry as written, by its {@link #number}; null: {@code *}, which denies. */
    public @Nullable AclEntry entry(int number) {
        return position(number) == DEFAULT ? null : entry(isInward(number), position(number));
    }

    /** True for an entry of ingress, by its {@link #number}. */
    public boolean isIngress(int number) {
        return isInward(number);
    }

    /** The identity of an entry across policies, by its {@link #number}. */
    public RuleIdentity identity(int number) {
        int position = position(number);
        if (position == DEFAULT) {
            return RuleIdentity.implied(id(number));
        }
        AclEntry entry = entry(isInward(number), position);
        return RuleIdentity.of(id(number) + (entry.allow() ? " allow" : " deny"), entry.packets());
    }

    /** An entry as text: {@code edge-acl/ingress[110]}, or {@code edge-acl/ingress[*]}. */
    public String id(boolean inward, int entry) {
        String number = entry == DEFAULT
                ? "*"
                : Integer.toString(entries(inward).written.get(entry).number());
        return name + (inward ? "/ingress[" : "/egress[") + number + "]";
    }

    /** An entry from {@link #match} as written in the configuration. */
    public AclEntry entry(boolean inward, int entry) {
        return entries(inward).written.get(entry);
    }
}
