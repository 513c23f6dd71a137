package io.portcullis.config;

/** Who a rule speaks about: the source of an ingress rule, the destination of an egress rule. */
public sealed interface Peer {
    /** Everybody, of both families. */
    record Any() implements Peer {}

    /** The addresses of one block. */
    record Net(Cidr cidr) implements Peer {}

    /** The addresses of a group's members, never its rules. */
    record Group(String name) implements Peer {}

    /** The entries of a prefix list. */
    record Prefixes(String list) implements Peer {}
}
