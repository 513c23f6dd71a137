package io.portcullis.service;

import io.portcullis.operations.Actor;
import io.portcullis.operations.BypassRequest;
import io.portcullis.operations.DaemonCommands;
import io.portcullis.operations.DaemonQueries;
import io.portcullis.operations.EmergencyReport;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.ExplainRequest;
import io.portcullis.operations.Health;
import io.portcullis.operations.PanicRequest;
import io.portcullis.operations.ReloadReport;
import io.portcullis.operations.ReloadRequest;
import io.portcullis.operations.StatusReport;

/** For servers that nobody asks. */
final class NoDaemon implements DaemonQueries, DaemonCommands {
    @Override
    public StatusReport status() {
        throw new UnsupportedOperationException();
    }

    @Override
    public ReloadReport reload(ReloadRequest request, Actor actor) {
        throw new UnsupportedOperationException();
    }

    @Override
    public EmergencyReport panic(PanicRequest request, Actor actor) {
        throw new UnsupportedOperationException();
    }

    @Override
    public EmergencyReport bypass(BypassRequest request, Actor actor) {
        throw new UnsupportedOperationException();
    }

    @Override
    public ExplainReport explain(ExplainRequest question) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Health health() {
        throw new UnsupportedOperationException();
    }
}
