package io.portcullis.journal;

import org.slf4j.spi.LoggingEventBuilder;

/** A kind of log line that programs look for. Its id and its word never change; OPERATIONS.md lists them. */
public enum Event {
    /** A packet was dropped. */
    DROP("drop", "92125c9cc552411cb83347e2789a5fd1"),
    /** A packet passes that would be dropped without {@code enforce: audit}. */
    WOULD_DROP("would-drop", "3a42a32185064e72948b0df4c5f86497"),
    /** A rule of a group with {@code log: accepted} or {@code all} admitted a flow. */
    ACCEPT("accept", "bab549705f1d4043988242d9ce12da0c"),
    /** A configuration is in force: a reload, {@code apply}, {@code rollback}. */
    IN_FORCE("in-force", "53bea7043149404ca59351c53ae1b2ef"),
    /** A change of the history: applied, confirmed, gone back or refused. */
    CHANGE("change", "37942dd6aaf240bdb4cadc29480177df"),
    /** A configuration was refused, and the one before stays in force. */
    REFUSED("refused", "df86e96b638e4e468ffaf9f22b9b5e3a"),
    /** An interface is shut, is guarded late, or its NICs or programs are not as they have to be. */
    INTERFACE("interface", "92b7bb3f46fa4bd3b512fc8c3bd5a320"),
    /** {@code panic} or {@code bypass} begins or ends. */
    EMERGENCY("emergency", "cda9a608202942a186fa1d41c139c2c1"),
    /** A defect of the program. */
    DEFECT("defect", "d87ee1ab3df24f6c8427736d47bee66c");

    private final String label;
    private final String messageId;

    Event(String label, String messageId) {
        this.label = label;
        this.messageId = messageId;
    }

    /** The value of {@code PORTCULLIS_EVENT}. */
    public String label() {
        return label;
    }

    /** The value of {@code MESSAGE_ID}: 32 hexadecimal digits (systemd.journal-fields(7)). */
    public String messageId() {
        return messageId;
    }

    /** The line is about such an event. */
    public LoggingEventBuilder in(LoggingEventBuilder line) {
        return line.addKeyValue(Field.EVENT.key(), this);
    }

    /** As {@link #in(LoggingEventBuilder)}, of an interface. */
    public LoggingEventBuilder in(LoggingEventBuilder line, String interfaceName) {
        return in(line).addKeyValue(Field.INTERFACE.key(), interfaceName);
    }

    @Override
    public String toString() {
        return label;
    }
}
