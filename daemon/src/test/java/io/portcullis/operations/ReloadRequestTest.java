package io.portcullis.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** The query of a reload, both ways. */
final class ReloadRequestTest {
    @Test
    void aRequestIsReadAsItWasWritten() {
        for (boolean allowLockout : new boolean[] {false, true}) {
            for (boolean dryRun : new boolean[] {false, true}) {
                ReloadRequest request = new ReloadRequest(allowLockout, dryRun);
                assertEquals(request, ReloadRequest.of(request.query()));
            }
        }
        assertEquals(Map.of(), new ReloadRequest(false, false).query());
        assertEquals(Map.of("dry-run", "true"), new ReloadRequest(false, true).query());
        assertEquals(new ReloadRequest(true, false), ReloadRequest.of(Map.of("allow-lockout", "true")));
        assertEquals(new ReloadRequest(false, false), ReloadRequest.of(Map.of("dry-run", "false")));
    }

    @Test
    void aValueThatIsNoBooleanIsRefused() {
        for (String key : new String[] {"dry-run", "allow-lockout"}) {
            for (String value : new String[] {"", "yes", "True"}) {
                IllegalArgumentException refused =
                        assertThrows(IllegalArgumentException.class, () -> ReloadRequest.of(Map.of(key, value)));
                assertEquals(key + " must be true or false, not " + value, refused.getMessage());
            }
        }
    }
}
