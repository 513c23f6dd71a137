package io.portcullis.cli;

import io.portcullis.http.Unreachable;
import io.portcullis.operations.EmergencyReport;
import io.portcullis.operations.EmergencyStatus;
import java.io.PrintWriter;
import java.util.Map;

/** Sends an order that takes the place of the rules, and prints what holds afterwards. */
final class EmergencyText {
    private EmergencyText() {}

    /** As {@link DaemonCommand#ask}. */
    static int order(
            DaemonSocket daemon,
            String resource,
            Map<String, String> query,
            boolean json,
            PrintWriter out,
            PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        EmergencyReport report = daemon.ask("POST", resource, query, EmergencyReport.class);
        if (json) {
            out.println(JsonText.write(report));
            return report.ok() ? Exit.OK : Exit.NO;
        }
        report.errors().forEach(error -> err.println("portcullis: refused: " + error));
        report.notes().forEach(note -> err.println("note: " + note));
        EmergencyStatus now = report.emergency();
        EmergencyStatus.Panic panic = now.panic();
        if (panic != null) {
            out.println(panic);
        }
        now.bypasses().forEach(out::println);
        if (panic == null && now.bypasses().isEmpty()) {
            out.println("the rules decide");
        }
        return report.ok() ? Exit.OK : Exit.NO;
    }
}
