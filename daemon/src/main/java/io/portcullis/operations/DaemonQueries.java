package io.portcullis.operations;

import io.portcullis.operations.traffic.FlowQueries;
import io.portcullis.operations.traffic.TrafficQueries;

/** The questions that the running daemon answers. None of them changes anything; any thread may ask. */
public interface DaemonQueries extends TrafficQueries {
    /** The questions about tracked flows. */
    FlowQueries flows();

    /** The state of every interface. Called on a server's event loop: waits for nothing, no lock either. */
    StatusReport status();

    /** Whether every interface forwards. Called on a server's event loop: waits for nothing, no lock either. */
    Health health();

    /**
     * The verdict about a packet, and its cause. May take long: called on a thread of its own.
     *
     * @throws IllegalArgumentException if the request makes no sense for this configuration; the message is a sentence
     */
    ExplainReport explain(ExplainRequest request);

    /**
     * The last changes of the configuration. May take long: called on a thread of its own.
     *
     * @param limit how many at the most
     */
    HistoryReport history(int limit);

    /**
     * A change with its files. May take long: called on a thread of its own.
     *
     * @param number 0: the one in force
     * @throws NoSuchChange if there is none
     */
    ChangeFiles change(long number);

    /** The level of the log, now and at run time. */
    LogLevels logLevels();
}
