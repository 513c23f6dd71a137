package io.portcullis.operations.traffic;

import java.util.concurrent.CompletableFuture;

/**
 * The questions about tracked flows. They are answered one after the other, on a thread of lower priority. A future fails with {@link
 * IllegalArgumentException} if the request names an interface, a state or a rule that does not exist, and with {@link
 * IllegalStateException} if too many requests wait; the message is a sentence.
 */
public interface FlowQueries {
    /** The tracked flows that match. */
    CompletableFuture<FlowsReport> flows(FlowsRequest request);

    /** Who sends and receives the most at present. The first answer comes after the interval of the request. */
    CompletableFuture<TalkersReport> talkers(TalkersRequest request);
}
