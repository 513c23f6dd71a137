package io.portcullis.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a request gets when the code behind its resource fails. */
class RoutesTest {
    private static final Request REQUEST = new Request(
            "GET", "/here", "/here", Map.of(), List.of(), null, List.of(), false, false, Body.NONE, null, null);

    static Stream<Throwable> defects() {
        return Stream.of(
                new IllegalStateException("a test's defect"),
                new NoClassDefFoundError("a test's defect"),
                new StackOverflowError("a test's defect"),
                new AssertionError("a test's defect"));
    }

    @ParameterizedTest
    @MethodSource("defects")
    void aDefectOfAResourceIsAnsweredAndReported(Throwable defect) {
        assertDefect(() -> {
            switch (defect) {
                case Error error -> throw error;
                case RuntimeException exception -> throw exception;
                default -> throw new AssertionError(defect);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("defects")
    void aDefectOfALaterAnswerIsAnsweredAndReported(Throwable defect) {
        assertDefect(() -> CompletableFuture.failedFuture(defect));
    }

    @Test
    void anAnswerPasses() {
        Response answer = Response.json(200, List.of());
        assertEquals(answer, answer(() -> CompletableFuture.completedFuture(answer)));
    }

    private static void assertDefect(Supplier<CompletableFuture<Response>> resource) {
        List<Throwable> reported = new CopyOnWriteArrayList<>();
        Thread.UncaughtExceptionHandler before = Thread.currentThread().getUncaughtExceptionHandler();
        Thread.currentThread().setUncaughtExceptionHandler((_, defect) -> reported.add(defect));
        try {
            assertEquals(500, answer(resource).status());
        } finally {
            Thread.currentThread().setUncaughtExceptionHandler(before);
        }
        assertEquals(
                List.of("GET /here"),
                reported.stream().map(Throwable::getMessage).toList());
    }

    private static Response answer(Supplier<CompletableFuture<Response>> resource) {
        Routes routes = new Routes(new Routes.Resource("GET", "/here", _ -> resource.get()));
        return routes.answer(REQUEST).join();
    }
}
