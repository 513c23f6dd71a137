package io.portcullis.fastpath;

/**
 * Waits, on another thread, until every program that was running at a moment has ended: after that, none of them still uses what had
 * been removed from the index before. One period at a time.
 */
public interface GracePeriod {
    /** Begins a period. The one before must be over. Never waits. */
    void begin();

    /** True: the period that was begun last is over, or none was begun. */
    boolean isOver();
}
