package io.portcullis.config;

import io.portcullis.net.Cidr;

/** The source of an ingress rule, or the destination of an egress rule. */
public sealed interface Peer {
    /** Every address of both families. */
    record Any() implements Peer {}

    /** The addresses of one block. */
    record Net(Cidr cidr) implements Peer {}

    /** The addresses of a group's members, never its rules. */
    record Group(String name) implements Peer {}

    /** The entries of a prefix list. */
    record Prefixes(String list) implements Peer {}

    /** As text: {@code any}, {@code 10.0.0.0/8}, {@code group admin}, {@code prefix list office}. */
    default String text() {
        return switch (this) {
            case Any() -> "any";
            case Net(Cidr cidr) -> cidr.toString();
            case Group(String name) -> "group " + name;
            case Prefixes(String list) -> "prefix list " + list;
        };
    }
}
