package io.portcullis.engine.review;

/** Work on the flows of an engine that is done in slices, between which the engine goes on. For the engine's thread. */
public interface Sliced<T> {
    /**
     * Does the next slice.
     *
     * @param entries of the table, how many: bounds the time that this takes
     * @param nowNs monotonic time
     * @return true: all is done
     */
    boolean proceed(int entries, long nowNs);

    /** The result so far. */
    T result();
}
