package io.portcullis.ec2.auth;

import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Location;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads access keys from text in the format of AWS's shared credentials file: profiles ({@code [NAME]}) with {@code aws_access_key_id} and
 * {@code aws_secret_access_key}; lines that begin with {@code #} or {@code ;} are comments. {@code read-only = true} is an addition:
 * AWS's tools ignore it. What they keep in the same file and has no meaning here ({@code region}, {@code output}) is ignored; anything
 * else is a fault, so that a misspelt {@code read-only} gives no key more than it should have. No fault quotes the text.
 */
final class CredentialsReader {
    private static final String ID = "aws_access_key_id";
    private static final String SECRET = "aws_secret_access_key";
    private static final String READ_ONLY = "read-only";
    private static final String TOKEN = "aws_session_token";
    private static final Set<String> IGNORED = Set.of("region", "output");

    private static final Pattern PROFILE = Pattern.compile("\\[\\s*([^\\[\\]]*?)\\s*\\]\\s*(?:[#;].*)?");

    /** A setting's value, and its line. */
    private record Setting(String value, int line) {}

    private final String file;
    private final List<ConfigError> errors = new ArrayList<>();
    private final Set<String> profiles = new HashSet<>();
    private final Map<String, AccessKey> keys = new LinkedHashMap<>();
    private final Map<String, Setting> settings = new HashMap<>();

    /** The line of the profile that is being read; 0: none yet. */
    private int profile;

    private CredentialsReader(String file) {
        this.file = file;
    }

    /**
     * Reads a text.
     *
     * @param file its name, for faults
     * @throws ConfigException all faults, at least one
     */
    static Credentials read(String file, String text) throws ConfigException {
        CredentialsReader reader = new CredentialsReader(file);
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            reader.line(lines.get(i), i + 1);
        }
        reader.endProfile();
        if (reader.errors.isEmpty() && reader.keys.isEmpty()) {
            reader.errors.add(new ConfigError(
                    Location.of(file),
                    "has no access key: write a profile such as [default] with " + ID + " and " + SECRET));
        }
        if (!reader.errors.isEmpty()) {
            reader.errors.sort(Comparator.comparingInt(error -> error.location().line()));
            throw new ConfigException(reader.errors);
        }
        return new Credentials(List.copyOf(reader.keys.values()));
    }

    private void fault(int line, String text) {
        errors.add(new ConfigError(new Location(file, line, 1), text));
    }

    private void line(String written, int number) {
        String line = written.strip();
        if (line.isEmpty() || line.startsWith("#") || line.startsWith(";")) {
            return;
        }
        Matcher head = PROFILE.matcher(line);
        int equals = line.indexOf('=');
        if (line.startsWith("[")) {
            endProfile();
            profile = number;
            if (!head.matches() || head.group(1).isEmpty()) {
                fault(number, "a profile is written [NAME]");
            } else if (!profiles.add(head.group(1))) {
                fault(number, "this profile is in the file twice");
            }
        } else if (equals <= 0) {
            fault(number, "not a profile, a comment or a setting with an equals sign");
        } else if (profile == 0) {
            fault(number, "a setting above the first profile: write [default] above it");
        } else {
            setting(line.substring(0, equals).strip().toLowerCase(Locale.ROOT), line.substring(equals + 1), number);
        }
    }

    private void setting(String name, String value, int line) {
        switch (name) {
            case ID, SECRET, READ_ONLY -> {
                if (settings.put(name, new Setting(value.strip(), line)) != null) {
                    fault(line, name + " is in this profile twice");
                }
            }
            case TOKEN -> fault(line, TOKEN + ": temporary credentials are not supported, a key needs no token");
            default -> {
                if (!IGNORED.contains(name)) {
                    fault(line, "not a setting of this file: it may have " + ID + ", " + SECRET + " and " + READ_ONLY);
                }
            }
        }
    }

    private void endProfile() {
        if (profile > 0) {
            int before = errors.size();
            Setting id = settings.get(ID);
            Setting secret = settings.get(SECRET);
            boolean readOnly = readOnly(settings.get(READ_ONLY));
            if (id == null || secret == null) {
                fault(profile, "this profile has no " + (id == null ? ID : SECRET));
            } else {
                check(id, secret);
            }
            if (id != null && secret != null && errors.size() == before) {
                add(new AccessKey(id.value(), secret.value(), readOnly), id.line());
            }
        }
        settings.clear();
    }

    private void check(Setting id, Setting secret) {
        if (!AccessKey.isId(id.value())) {
            fault(id.line(), ID + " must be 1 to 128 letters, digits and underscores");
        }
        if (!AccessKey.isSecret(secret.value())) {
            fault(
                    secret.line(),
                    SECRET
                            + " must be 16 to 256 visible ASCII characters without blanks; openssl rand -base64 30 makes one");
        }
    }

    private boolean readOnly(@Nullable Setting setting) {
        if (setting == null || setting.value().equals("false")) {
            return false;
        }
        if (!setting.value().equals("true")) {
            fault(setting.line(), READ_ONLY + " must be true or false");
        }
        return true;
    }

    /** Two profiles may have the same key. */
    private void add(AccessKey key, int line) {
        AccessKey before = keys.putIfAbsent(key.id(), key);
        if (before != null && !before.isSame(key)) {
            fault(line, "another profile has this " + ID + " with another secret or another " + READ_ONLY);
        }
    }
}
