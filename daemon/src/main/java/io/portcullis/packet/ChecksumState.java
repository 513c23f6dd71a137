package io.portcullis.packet;

/** The state of a layer 4 checksum. */
public enum ChecksumState {
    /** Right; or UDP's 0, which says that there is none; or the protocol has none that is verified here. */
    RIGHT,
    /** Wrong, but what a sender leaves for its NIC to finish: the folded sum of the pseudo-header. */
    UNFINISHED,
    /** Wrong. */
    WRONG
}
