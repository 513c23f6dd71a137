package io.portcullis.intercept;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Mode;
import io.portcullis.config.read.ConfigReader;
import java.nio.file.Path;
import java.util.Objects;

/** Requests for interceptions, from a configuration. */
final class AttachRequests {
    private AttachRequests() {}

    /** An interface with these keys, as YAML's flow map. */
    static Interception.AttachRequest of(String name, String keys, boolean ring, Path state) throws ConfigException {
        Config config = ConfigReader.parse(
                "version: 1\ninterfaces: {\"" + name + "\": {" + keys
                        + ", security-groups: [web]}}\nsecurity-groups: {web: {}}\n",
                "test.yaml");
        return new Interception.AttachRequest(
                Objects.requireNonNull(config.interfaces().get(name)), ring, config.mark(), state, "the test");
    }

    /** A bridge, attached. */
    static Bridge bridge(String name, String outside, String inside, boolean ring, Path state) throws Exception {
        Interception.AttachRequest request =
                of(name, "mode: bridge, outside: \"" + outside + "\", inside: \"" + inside + "\"", ring, state);
        return Bridge.attach(request, (Mode.Bridge) request.iface().mode());
    }
}
