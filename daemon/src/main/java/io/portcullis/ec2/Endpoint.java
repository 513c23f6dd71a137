package io.portcullis.ec2;

import io.portcullis.ec2.auth.Caller;
import io.portcullis.ec2.auth.Credentials;
import io.portcullis.ec2.auth.SignatureCheck;
import io.portcullis.ec2.auth.SignedRequest;
import io.portcullis.ec2.wire.Action;
import io.portcullis.ec2.wire.ActionTable;
import io.portcullis.ec2.wire.AnswerWriter;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Form;
import io.portcullis.ec2.wire.Service;
import io.portcullis.http.Request;
import io.portcullis.http.Response;
import io.portcullis.http.Routes;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers requests of EC2's and STS' Query protocol at {@code /}: who calls, which action, is it well formed, may it change something,
 * and then its handler. Every answer is XML, errors too.
 */
public final class Endpoint {
    private static final Logger LOG = LoggerFactory.getLogger(Endpoint.class);

    /** The most bytes of a body. */
    public static final int MOST_BYTES = 1 << 20;

    /** The most requests that wait for the thread: a connection has one, and those that were closed meanwhile leave theirs. */
    public static final int MOST_WAITING = 256;

    private static final DateTimeFormatter DATE = DateTimeFormatter.RFC_1123_DATE_TIME.withZone(ZoneOffset.UTC);

    private final SignatureCheck signatures;
    private final Supplier<Credentials> credentials;
    private final Predicate<String> rate;
    private final Map<String, ActionHandler> handlers;
    private final InstantSource clock;
    private final Executor executor;

    /**
     * An endpoint.
     *
     * @param region the only one that callers may name; empty: any
     * @param credentials the keys that are valid now
     * @param rate how often a key may call
     * @param handlers by the names of their actions, which the table has
     * @param clock the time of this host
     * @param executor runs the handlers, and checks signatures: {@link #newExecutor}; one that refuses a task lets the caller try again
     */
    public Endpoint(
            Optional<String> region,
            Supplier<Credentials> credentials,
            RateLimit rate,
            Map<String, ActionHandler> handlers,
            InstantSource clock,
            Executor executor) {
        this(region, credentials, rate::admits, handlers, clock, executor);
    }

    /** As the other, without a limit of calls. */
    public Endpoint(
            Optional<String> region,
            Supplier<Credentials> credentials,
            Map<String, ActionHandler> handlers,
            InstantSource clock,
            Executor executor) {
        this(region, credentials, _ -> true, handlers, clock, executor);
    }

    private Endpoint(
            Optional<String> region,
            Supplier<Credentials> credentials,
            Predicate<String> rate,
            Map<String, ActionHandler> handlers,
            InstantSource clock,
            Executor executor) {
        this.signatures = new SignatureCheck(region);
        this.credentials = credentials;
        this.rate = rate;
        this.handlers = Map.copyOf(handlers);
        this.clock = clock;
        this.executor = executor;
    }

    /**
     * A thread for an endpoint, with {@link #MOST_WAITING} places for requests that wait. A caller without a key can make it check signatures,
     * and so costs one core at most and a bounded amount of memory. The caller closes it after the server.
     */
    public static ExecutorService newExecutor() {
        return new ThreadPoolExecutor(
                1,
                1,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(MOST_WAITING),
                Thread.ofPlatform().daemon().name("portcullis-ec2").factory());
    }

    /** For a server. */
    public Routes routes() {
        return new Routes(
                _ -> Optional.empty(),
                this::refused,
                new Routes.Resource("POST", "/", MOST_BYTES, this::answer),
                new Routes.Resource("GET", "/", this::answer));
    }

    /** What HTTP's own rules refuse: too large, not a request, another path. */
    private Response refused(int status, String error) {
        ApiException refusal = switch (status) {
            case 500 -> ApiError.INTERNAL_ERROR.of();
            case 503 -> ApiError.UNAVAILABLE.of(error);
            default -> ApiError.INVALID_QUERY.of(error);
        };
        return refusal(Service.EC2, UUID.randomUUID().toString(), refusal, status);
    }

    private CompletableFuture<Response> answer(Request request) {
        try {
            return CompletableFuture.supplyAsync(
                    () -> answer(new SignedRequest(
                            request.method(),
                            request.target(),
                            request.headers(),
                            request.body().bytes())),
                    executor);
        } catch (RejectedExecutionException full) {
            LOG.debug("too many requests wait, or the daemon stops", full);
            return CompletableFuture.completedFuture(refused(503, "Too many requests wait: try again."));
        }
    }

    Response answer(SignedRequest signed) {
        String requestId = UUID.randomUUID().toString();
        Service service = SignatureCheck.claimed(signed);
        try {
            Caller caller = signatures.check(signed, credentials.get(), clock.instant());
            if (!rate.test(caller.key().id())) {
                throw ApiError.REQUEST_LIMIT_EXCEEDED.of();
            }
            Form form = Form.parse(query(signed.target()), signed.body());
            Action action = action(caller.service(), form);
            Fields fields = call(action, form, caller, requestId);
            return response(200, requestId, AnswerWriter.answer(action, requestId, fields));
        } catch (ApiException refusal) {
            return refusal(service, requestId, refusal, refusal.error().status());
        }
    }

    private Fields call(Action action, Form form, Caller caller, String requestId) throws ApiException {
        ActionHandler handler = handlers.get(action.name());
        if (handler == null) {
            throw ActionTable.unknown(action.service(), action.name());
        }
        if (!action.reads() && caller.key().isReadOnly()) {
            throw ApiError.UNAUTHORIZED_OPERATION.of(caller.key().id());
        }
        Call call = new Call(action, action.read(form), caller.key(), requestId);
        Fields fields = handler.answer(call);
        if (action.reads()) {
            call.endDryRun();
        }
        return fields;
    }

    private static Action action(Service service, Form form) throws ApiException {
        Optional<String> name = form.value("Action");
        Optional<String> version = form.value("Version");
        if (name.isEmpty()) {
            throw ApiError.MISSING_ACTION.of();
        }
        if (version.isEmpty()) {
            throw ApiError.MISSING_PARAMETER.of("Version");
        }
        if (!version.get().equals(service.version())) {
            throw ApiError.NO_SUCH_VERSION.of(version.get(), service.title());
        }
        Optional<Action> action = ActionTable.find(service, name.get());
        if (action.isEmpty()) {
            throw ActionTable.unknown(service, name.get());
        }
        return action.get();
    }

    private static String query(String target) {
        int queryAt = target.indexOf('?');
        return queryAt < 0 ? "" : target.substring(queryAt + 1);
    }

    private Response refusal(Service service, String requestId, ApiException refusal, int status) {
        return response(status, requestId, AnswerWriter.error(service, requestId, refusal));
    }

    /** With the time of this host: from it a client learns that its own clock is wrong. */
    private Response response(int status, String requestId, byte[] body) {
        return new Response(
                status,
                AnswerWriter.CONTENT_TYPE,
                body,
                Map.of("x-amzn-RequestId", requestId, "date", DATE.format(clock.instant())));
    }
}
