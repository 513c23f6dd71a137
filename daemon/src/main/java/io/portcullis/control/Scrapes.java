package io.portcullis.control;

import io.portcullis.http.Response;
import io.portcullis.metrics.Scrape;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The answers to {@code GET /metrics}. One thread gathers the metrics, one scrape at a time, and all requests within a second share
 * it: any number of them costs one body and a part of one core. Called on the server's event loop, except {@link #close}.
 */
final class Scrapes implements AutoCloseable {
    static final long SHARED_NS = TimeUnit.SECONDS.toNanos(1);

    /** The longest wait for a scrape; then the request gets 503. */
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(10);

    private static final Response TOO_SLOW = Response.error(
            503, "the metrics were not gathered within " + TimeUnit.NANOSECONDS.toSeconds(PATIENCE_NS) + " s");

    private record Gathered(Response response, long doneNs) {}

    private record Scraping(long startNs, CompletableFuture<Gathered> outcome) {
        boolean isOver(long nowNs) {
            return switch (outcome.state()) {
                case RUNNING -> false;
                case SUCCESS -> nowNs - outcome.resultNow().doneNs >= SHARED_NS;
                case FAILED, CANCELLED -> true;
            };
        }

        boolean hangs(long nowNs) {
            return !outcome.isDone() && nowNs - startNs >= PATIENCE_NS;
        }
    }

    private final MetricsServer.Scraper scraper;
    private final Map<Scrape.Format, Scraping> latest = new EnumMap<>(Scrape.Format.class);
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("portcullis-scrape").factory());

    Scrapes(MetricsServer.Scraper scraper) {
        this.scraper = scraper;
    }

    /** The metrics now, or those of a scrape that ended less than a second ago. */
    CompletableFuture<Response> ask(Scrape.Format format) {
        long nowNs = System.nanoTime();
        Scraping scraping = latest.get(format);
        if (scraping == null || scraping.isOver(nowNs)) {
            scraping = new Scraping(nowNs, CompletableFuture.supplyAsync(() -> gather(format), thread));
            latest.put(format, scraping);
        }
        if (scraping.hangs(nowNs)) {
            return CompletableFuture.completedFuture(TOO_SLOW);
        }
        return scraping.outcome
                .thenApply(Gathered::response)
                .completeOnTimeout(TOO_SLOW, PATIENCE_NS, TimeUnit.NANOSECONDS);
    }

    private Gathered gather(Scrape.Format format) {
        Scrape scrape = scraper.scrape(format);
        return new Gathered(new Response(200, scrape.contentType(), scrape.body(), Map.of()), System.nanoTime());
    }

    /** Ends the thread. */
    @Override
    public void close() {
        thread.shutdownNow();
    }
}
