package io.portcullis.gate;

/** A program has more than {@link GateCode#MOST} instructions. */
final class TooLong extends Exception {
    private static final long serialVersionUID = 1;
}
