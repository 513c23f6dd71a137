package io.portcullis.operations.traffic;

/** The questions about traffic that the running daemon answers. Each may take long: called on a thread of its own. */
public interface TrafficQueries {
    /**
     * The recorded drops that match, the oldest first.
     *
     * @throws IllegalArgumentException if the request names an interface that is not guarded; the message is a sentence
     */
    DropsReport drops(DropsRequest request);
}
