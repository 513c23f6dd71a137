package io.portcullis.http;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who answers what. */
public final class Routes {
    private static final Logger LOG = LoggerFactory.getLogger(Routes.class);

    /**
     * Something that can be asked for.
     *
     * @param method {@code GET} answers {@code HEAD} too
     * @param answer called on the server's loop: must not wait
     */
    public record Resource(String method, String path, Function<Request, CompletableFuture<Response>> answer) {}

    /** Who is answered at all. */
    @FunctionalInterface
    interface Guard {
        /** What a request is answered instead; empty: it is admitted. */
        Optional<Response> refusal(Request request);
    }

    private final Guard guard;
    private final List<Resource> resources;

    public Routes(Resource... resources) {
        this(_ -> Optional.empty(), resources);
    }

    public Routes(Guard guard, Resource... resources) {
        this.guard = guard;
        this.resources = List.of(resources);
    }

    /** The answer, never a failure: a defect is described in the log and answered with 500. */
    CompletableFuture<Response> answer(Request request) {
        Response refusal = request.refusal();
        if (refusal != null) {
            return CompletableFuture.completedFuture(refusal);
        }
        CompletableFuture<Response> answer;
        try {
            Optional<Response> barred = guard.refusal(request);
            answer = barred.isPresent() ? CompletableFuture.completedFuture(barred.get()) : route(request);
        } catch (RejectedExecutionException stopping) {
            LOG.debug("{} {} came too late", request.method(), request.path(), stopping);
            return CompletableFuture.completedFuture(Response.error(503, "portcullis is stopping"));
        } catch (RuntimeException bug) {
            answer = CompletableFuture.failedFuture(bug);
        }
        return answer.exceptionally(bug -> {
            Defect.tell(request.method() + " " + request.path(), bug);
            return Response.error(500, "a defect of portcullis, which its log describes");
        });
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
                    Response.error(404, "nothing is at " + request.path() + "; there is " + all));
        }
        String method = request.method().equals("HEAD") ? "GET" : request.method();
        for (Resource resource : here) {
            if (resource.method.equals(method)) {
                return resource.answer.apply(request);
            }
        }
        String allowed = here.stream().map(Resource::method).collect(Collectors.joining(", "));
        return CompletableFuture.completedFuture(
                Response.error(405, request.path() + " takes " + allowed + ", not " + request.method())
                        .allowing(allowed));
    }
}
