package io.portcullis.net;

/** Ports from {@code low} to {@code high}, both included, 0 to 65535. */
public record PortRange(int low, int high) {
    public PortRange {
        if (low < 0 || high > 65535 || low > high) {
            throw new IllegalArgumentException("ports " + low + "-" + high);
        }
    }

    /** {@code 80}, or {@code 8000-8100}. */
    @Override
    public String toString() {
        return low == high ? Integer.toString(low) : low + "-" + high;
    }
}
