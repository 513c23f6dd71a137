package io.portcullis.gate;

/** The words of a gate's scratch memory. */
final class Scratch {
    /** The address outside; IPv6: four words. */
    static final int PEER = 0;

    static final int PROTOCOL = 4;
    /** The destination port, or the type and code of ICMP; of others 0. */
    static final int SELECTOR = 5;
    /** The selector of the packet that this one may answer. */
    static final int ANSWERED = 6;
    /** 0: this packet answers none. */
    static final int IS_REPLY = 7;
    /** 1: only the address counts. */
    static final int ADDRESS_ONLY = 8;

    static final int HOP_LIMIT = 9;
    /** 1: the source address is link-local or unspecified. */
    static final int FROM_LINK = 10;

    static final int ASIDE = 11;
    /** How many. */
    static final int WORDS = 12;

    private Scratch() {}
}
