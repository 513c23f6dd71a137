package io.portcullis.cli.text;

import io.portcullis.operations.EmergencyReport;
import io.portcullis.operations.EmergencyStatus;
import java.io.PrintWriter;

/** The outcome of an order that takes the place of the rules: refusals and notes, then what holds now. */
public final class EmergencyText {
    private EmergencyText() {}

    /** Prints it as text or as JSON. */
    public static void print(EmergencyReport report, boolean json, PrintWriter out, PrintWriter err) {
        if (json) {
            out.println(JsonText.write(report));
            return;
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
    }
}
