package io.portcullis.flowstore;

import io.portcullis.conntrack.TableHeader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The verdict about a table's file: {@code portcullis flows verify}. The components are the keys of its JSON.
 *
 * @param valid false: it has damaged entries, or is not a flow table
 * @param fault why it can't be read as a flow table; empty: it can, and the rest counts
 * @param room entries that it can hold
 * @param replied flows with packets of both directions
 * @param states flows by the name of their timeout
 * @param halfWritten true: one entry was being written
 * @param faults of the first damaged entries
 */
public record VerifiedTable(
        String file,
        boolean valid,
        String fault,
        String interfaceName,
        int worker,
        int workers,
        int room,
        int flows,
        int replied,
        Map<String, Integer> states,
        boolean halfWritten,
        int damaged,
        List<String> faults) {
    /** Reads every flow of a file; a daemon may be using it. */
    public static VerifiedTable of(Path file) {
        try {
            TableReport report = TableFile.verify(file);
            TableHeader header = report.header();
            return new VerifiedTable(
                    file.toString(),
                    report.damaged() == 0,
                    "",
                    header.interfaceName(),
                    header.worker(),
                    header.workers(),
                    header.entries(),
                    report.flows(),
                    report.replied(),
                    new TreeMap<>(report.states()),
                    report.halfWritten(),
                    report.damaged(),
                    report.faults());
        } catch (IOException | TableHeader.UnknownTable e) {
            String fault = String.valueOf(e.getMessage());
            return new VerifiedTable(file.toString(), false, fault, "", 0, 0, 0, 0, 0, Map.of(), false, 0, List.of());
        }
    }
}
