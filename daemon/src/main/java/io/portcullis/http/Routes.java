package io.portcullis.http;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The resources of a server, and which requests they answer. */
public final class Routes {
    private static final Logger LOG = LoggerFactory.getLogger(Routes.class);

    /**
     * A resource and one method of it.
     *
     * @param method {@code GET} answers {@code HEAD} too
     * @param mostBytes of a body, up to {@link HttpServer#LARGEST_BODY}; 0: it takes none
     * @param answer called on the server's event loop: must not wait
     */
    public record Resource(
            String method, String path, int mostBytes, Function<Request, CompletableFuture<Response>> answer) {
        public Resource {
            if (mostBytes < 0 || mostBytes > HttpServer.LARGEST_BODY) {
                throw new IllegalArgumentException(mostBytes + " bytes of a body");
            }
        }

        /** One that takes no body. */
        public Resource(String method, String path, Function<Request, CompletableFuture<Response>> answer) {
            this(method, path, 0, answer);
        }
    }

    /** Decides which requests get to a resource. */
    @FunctionalInterface
    public interface Admission {
        /** The answer to a request that is not admitted; empty: it is admitted. */
        Optional<Response> refusal(Request request);
    }

    /** Writes the answers to requests that reach no resource, or whose resource fails. */
    @FunctionalInterface
    public interface Errors {
        /**
         * An answer.
         *
         * @param error a sentence
         */
        Response answer(int status, String error);
    }

    private final Admission admission;
    private final Errors errors;
    private final List<Resource> resources;

    /** Admits every request. */
    public Routes(Resource... resources) {
        this(_ -> Optional.empty(), resources);
    }

    /** Admits the requests that {@code admission} does not refuse. */
    public Routes(Admission admission, Resource... resources) {
        this(admission, Response::error, resources);
    }

    /** Admits the requests that {@code admission} does not refuse, and writes errors in a form of its own. */
    public Routes(Admission admission, Errors errors, Resource... resources) {
        this.admission = admission;
        this.errors = errors;
        this.resources = List.of(resources);
    }

    /** The most bytes of a body that a request may bring; 0: the resource takes none, or there is no such resource. */
    long mostBytes(String method, String path) {
        return resources.stream()
                .filter(resource -> resource.path.equals(path) && resource.method.equals(method))
                .mapToLong(resource -> Math.min(resource.mostBytes, BodyMemory.most()))
                .findFirst()
                .orElse(0);
    }

    /** The answer to a request that reaches no resource. */
    Response error(int status, String error) {
        return errors.answer(status, error);
    }

    /** The answer, which never fails: a defect is logged and answered with 500. */
    CompletableFuture<Response> answer(Request request) {
        Response refusal = request.refusal();
        if (refusal != null) {
            return CompletableFuture.completedFuture(refusal);
        }
        CompletableFuture<Response> answer;
        try {
            Optional<Response> refused = admission.refusal(request);
            answer = refused.isPresent() ? CompletableFuture.completedFuture(refused.get()) : route(request);
        } catch (RuntimeException | Error failure) {
            answer = CompletableFuture.failedFuture(failure);
        }
        return answer.exceptionally(failure -> failed(request, failure));
    }

    private Response failed(Request request, Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof RejectedExecutionException stopping) {
            LOG.debug("{} {} came after the stop", request.method(), request.path(), stopping);
            return error(503, "the server is stopping");
        }
        Defect.report(request.method() + " " + request.path(), failure);
        return error(500, "a defect of the server, which its log describes");
    }

    private CompletableFuture<Response> route(Request request) {
        List<Resource> here = resources.stream()
                .filter(resource -> resource.path.equals(request.path()))
                .toList();
        if (here.isEmpty()) {
            String all = resources.stream()
                    .map(resource -> resource.method + " " + resource.path)
                    .collect(Collectors.joining(", "));
            return CompletableFuture.completedFuture(
                    error(404, "nothing is at " + request.path() + "; there is " + all));
        }
        String method = request.method().equals("HEAD") ? "GET" : request.method();
        for (Resource resource : here) {
            if (resource.method.equals(method)) {
                return resource.answer.apply(request);
            }
        }
        String allowed = here.stream().map(Resource::method).collect(Collectors.joining(", "));
        return CompletableFuture.completedFuture(
                error(405, request.path() + " takes " + allowed + ", not " + request.method())
                        .allowing(allowed));
    }
}
