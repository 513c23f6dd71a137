package io.portcullis.diagnose;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.config.OnFailure;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Reason;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.LinkClass;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.ExplainRequest;
import io.portcullis.operations.SessionView;
import io.portcullis.packet.build.FirstPacket;
import io.portcullis.policy.Policy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Keeps operators from locking themselves out: finds the ssh connections of this host that a configuration would cut, or would refuse
 * if they were opened again. The engine decides. At boot nobody is logged in, so there are no faults.
 */
public final class Lockout {
    private static final String FAILSAFE = "add a rule or a failsafe rule";

    /**
     * Why a connection could not be opened again.
     *
     * @param cuts true: the established one ends too
     * @param advice the remedy
     */
    private record Refusal(boolean cuts, String why, String advice) {}

    private Lockout() {}

    /**
     * The ssh connections that a start would cut or refuse, one line each, with the remedy.
     *
     * @param config with the current addresses of the NICs in host mode
     * @param policies of its interfaces, by name
     */
    public static List<String> faults(Config config, Function<String, Policy> policies, Sessions sessions)
            throws IOException {
        List<String> faults = new ArrayList<>();
        for (Sessions.Session session : sessions.all()) {
            for (Interface each : config.interfaces().values()) {
                boolean goesOn = each.mode() instanceof Mode.Host host && host.adoptEstablished();
                refusal(config, each, policies, sessions, session, goesOn)
                        .ifPresent(refusal ->
                                faults.add(line(each, session, refusal) + ", or start with --allow-lockout"));
            }
        }
        return faults;
    }

    /**
     * The ssh connections that a reload would cut or refuse, and that the configuration in force would admit again.
     *
     * @param before in force, with the current addresses of NICs; null: none is
     * @param inForce policies of the interfaces that are guarded now, by name; the others admit everything
     * @param next as {@code before}, after the reload
     * @param policies of its interfaces, by name
     */
    public static List<String> newFaults(
            @Nullable Config before,
            Map<String, Policy> inForce,
            Config next,
            Function<String, Policy> policies,
            Sessions sessions)
            throws IOException {
        List<String> faults = new ArrayList<>();
        for (Sessions.Session session : sessions.all()) {
            if (before != null && isRefused(before, inForce, sessions, session)) {
                continue;
            }
            for (Interface each : next.interfaces().values()) {
                boolean goesOn = inForce.containsKey(each.name())
                        ? !next.conntrack().recheck()
                        : each.mode() instanceof Mode.Host host && host.adoptEstablished();
                refusal(next, each, policies, sessions, session, goesOn)
                        .ifPresent(refusal ->
                                faults.add(line(each, session, refusal) + ": --allow-lockout does it anyway"));
            }
        }
        return faults;
    }

    /**
     * Whether a configuration would admit one session if it were opened again.
     *
     * @param next with the current addresses of the NICs in host mode
     * @param policies of its interfaces, by name
     * @param sessions with that session, if it is open ({@link Sessions#ofThisHost(Optional)})
     * @param ends of the session
     * @return empty: it is not open, or passes none of the interfaces. Where it passes several, the first that refuses it counts
     */
    public static Optional<SessionView> session(
            Config next, Function<String, Policy> policies, Sessions sessions, Sessions.Ends ends) throws IOException {
        Optional<Sessions.Session> session = sessions.find(ends);
        if (session.isEmpty()) {
            return Optional.empty();
        }
        Optional<SessionView> admitted = Optional.empty();
        for (Interface each : next.interfaces().values()) {
            Optional<Nic> nic = passed(each, sessions, session.get());
            if (nic.isEmpty()) {
                continue;
            }
            Optional<Refusal> refusal = refusal(next, each, policies, sessions, session.get(), true);
            if (refusal.isPresent()) {
                return Optional.of(view(
                        each,
                        session.get(),
                        false,
                        null,
                        refusal.get().why(),
                        refusal.get().advice()));
            }
            if (admitted.isEmpty()) {
                Optional<Refusal> hindrance = hindrance(each, nic.get(), sessions);
                admitted = Optional.of(
                        hindrance.isPresent()
                                ? view(
                                        each,
                                        session.get(),
                                        true,
                                        null,
                                        hindrance.get().why() + ", and on-failure: open passes everything",
                                        "")
                                : admitted(next, each, policies.apply(each.name()), session.get()));
            }
        }
        return admitted;
    }

    /** Names the rule that admits a session, or says why it needs none. */
    private static SessionView admitted(Config next, Interface each, Policy policy, Sessions.Session session) {
        ExplainReport report = explain(next, policy, Engine.alone(policy, 0), question(each, session, true));
        boolean passes = report.reason().equals(Reason.NONE.label());
        String why = passes ? report.text() : "enforce: audit drops nothing, but " + report.text();
        return view(each, session, true, report.rule(), why, "");
    }

    private static SessionView view(
            Interface each,
            Sessions.Session session,
            boolean admitted,
            ExplainReport.@Nullable RuleView rule,
            String why,
            String advice) {
        return new SessionView(
                each.name(),
                session.peer().toString(),
                session.peerPort(),
                session.local().toString(),
                session.localPort(),
                admitted,
                rule,
                why,
                advice);
    }

    private static boolean isRefused(
            Config config, Map<String, Policy> policies, Sessions sessions, Sessions.Session session)
            throws IOException {
        for (Interface each : config.interfaces().values()) {
            Policy policy = policies.get(each.name());
            if (policy != null
                    && refusal(config, each, _ -> policy, sessions, session, true)
                            .isPresent()) {
                return true;
            }
        }
        return false;
    }

    private static String line(Interface each, Sessions.Session session, Refusal refusal) {
        return each.name() + ": the ssh connection from " + session.peer() + " to " + session.local() + " port "
                + session.localPort()
                + (refusal.cuts() ? " would be cut: " : " goes on, but a new one would be refused: ") + refusal.why()
                + ": " + refusal.advice();
    }

    /**
     * Why one interface would refuse one connection.
     *
     * @param goesOn true: its flow is tracked, or will be
     */
    private static Optional<Refusal> refusal(
            Config config,
            Interface each,
            Function<String, Policy> policies,
            Sessions sessions,
            Sessions.Session session,
            boolean goesOn)
            throws IOException {
        Optional<Nic> passed = passed(each, sessions, session);
        if (passed.isEmpty()) {
            return Optional.empty();
        }
        Optional<Refusal> hindrance = hindrance(each, passed.get(), sessions);
        if (hindrance.isPresent()) {
            // An interface that can't be guarded is shut, unless the configuration opens it.
            return each.onFailure() != OnFailure.OPEN ? hindrance : Optional.empty();
        }
        Policy policy = policies.apply(each.name());
        if (policy.audits()) {
            return Optional.empty();
        }
        LinkClass needed = session.peer().isV6() ? LinkClass.NDP : LinkClass.ARP;
        if (!policy.passes(needed.key())) {
            return Optional.of(new Refusal(
                    true,
                    "its pass-through lacks " + needed.key() + ", without which nobody finds this host",
                    "add it"));
        }
        return asked(config, each, policy, session, goesOn);
    }

    private static Optional<Nic> passed(Interface each, Sessions sessions, Sessions.Session session)
            throws IOException {
        for (String name : each.mode().nics()) {
            Optional<Nic> nic = sessions.names().find(name);
            if (nic.isPresent() && sessions.passes(session, nic.get())) {
                return nic;
            }
        }
        return Optional.empty();
    }

    /** Why a NIC that carries a connection can't be guarded in the configured mode. */
    private static Optional<Refusal> hindrance(Interface each, Nic nic, Sessions sessions) {
        if (each.mode() instanceof Mode.Bridge) {
            return Optional.of(new Refusal(true, nic.name() + " is to be a port of a bridge", "name another NIC"));
        }
        Optional<Nic> master = sessions.nics().stream()
                .filter(other -> other.index() == nic.masterIndex())
                .findFirst();
        if (master.isPresent()) {
            String name = master.get().name();
            return Optional.of(
                    new Refusal(true, nic.name() + " is a port of " + name + " and is shut", "name " + name));
        }
        return nic.ethernet()
                ? Optional.empty()
                : Optional.of(
                        new Refusal(true, nic.name() + " carries no Ethernet frames and is shut", "name another NIC"));
    }

    /** Lets an engine decide about the packet that would open the connection, and about its answer. */
    private static Optional<Refusal> asked(
            Config config, Interface each, Policy policy, Sessions.Session session, boolean goesOn) {
        FirstPacket opening = new FirstPacket(
                session.peer(), session.local(), IpProtocol.TCP, session.peerPort(), session.localPort(), 0, 0, 0);
        Engine engine = Engine.alone(policy, 0);
        Reason reason = engine.decide(opening.frame(), Direction.INGRESS, 0);
        if (reason != Reason.NONE) {
            boolean cuts = reason != Reason.NO_RULE || !goesOn;
            return Optional.of(new Refusal(cuts, why(config, policy, engine, question(each, session, true)), FAILSAFE));
        }
        if (engine.decide(opening.answer(), Direction.EGRESS, 0) != Reason.NONE) {
            String why = why(config, policy, engine, question(each, session, false));
            return Optional.of(new Refusal(true, "its answers would be dropped: " + why, FAILSAFE));
        }
        return Optional.empty();
    }

    private static ExplainRequest question(Interface each, Sessions.Session session, boolean ingress) {
        String peer = session.peer().toString();
        String local = session.local().toString();
        return ingress
                ? new ExplainRequest(
                        each.name(),
                        true,
                        IpProtocol.TCP,
                        peer,
                        session.peerPort(),
                        local,
                        session.localPort(),
                        0,
                        0,
                        0)
                : new ExplainRequest(
                        each.name(),
                        false,
                        IpProtocol.TCP,
                        local,
                        session.localPort(),
                        peer,
                        session.peerPort(),
                        0,
                        0,
                        0);
    }

    private static ExplainReport explain(Config config, Policy policy, Engine engine, ExplainRequest question) {
        return Explain.live(config, policy, question, (frame, way) -> engine.explain(frame, way, 0));
    }

    private static String why(Config config, Policy policy, Engine engine, ExplainRequest question) {
        ExplainReport report = explain(config, policy, engine, question);
        ExplainReport.RuleView rule = report.rule();
        ExplainReport.NearestView nearest = report.nearest();
        return report.text()
                + (rule == null ? "" : " (" + rule.id() + " at " + rule.place() + ")")
                + (nearest == null ? "" : "; nearest: " + nearest.why() + " at " + nearest.place());
    }
}
