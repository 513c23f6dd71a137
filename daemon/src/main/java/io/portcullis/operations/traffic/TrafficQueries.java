package io.portcullis.operations.traffic;

/** The questions about rules and traffic that the running daemon answers. Each may take long: called on a thread of its own. */
public interface TrafficQueries {
    /**
     * The recorded drops that match, the oldest first.
     *
     * @throws IllegalArgumentException if the request names an interface that is not guarded; the message is a sentence
     */
    DropsReport drops(DropsRequest request);

    /**
     * Rules in force with their hits. May take long: called on a thread of its own.
     *
     * @throws IllegalArgumentException if there is no such group or interface; the message is a sentence
     */
    RulesReport rules(RulesRequest request);
}
