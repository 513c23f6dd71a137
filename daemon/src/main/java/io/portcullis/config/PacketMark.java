package io.portcullis.config;

/**
 * The packet mark of re-injected frames in host mode.
 *
 * @param value 32 bits, unsigned
 * @param mask 32 bits: only these bits are written and compared
 */
public record PacketMark(int value, int mask) {}
