package io.portcullis.cli.top;

import io.portcullis.operations.StatusReport;
import io.portcullis.operations.traffic.DropsReport;
import io.portcullis.operations.traffic.TalkersReport;
import java.time.ZonedDateTime;

/**
 * What the daemon has answered in one refresh.
 *
 * @param at time of the status, for people
 * @param ns the same of a clock that is never set, for rates
 * @param drops of the last minutes
 * @param peers talkers by the address outside
 * @param flows talkers by flow
 */
record Snapshot(
        ZonedDateTime at, long ns, StatusReport status, DropsReport drops, TalkersReport peers, TalkersReport flows) {}
