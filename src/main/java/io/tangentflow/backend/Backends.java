package io.tangentflow.backend;

import io.tangentflow.TangentFlowException.BackendUnavailable;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.BackendProvider.Usability;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apiguardian.api.API;
import org.apiguardian.api.API.Status;

/** The choice of a backend. */
public final class Backends {

  /** Asks for the usable backend of the highest rank. */
  @API(status = Status.STABLE, since = "0.1")
  public static final String AUTO = "auto";

  private static final Pattern WITH_DEVICE = Pattern.compile("([^:]+):(\\d{1,3})");

  private static final System.Logger LOG = System.getLogger(Backends.class.getName());

  /** Reasons that this process has told of: it opens backends again and again. */
  private static final Set<String> TOLD = ConcurrentHashMap.newKeySet();

  private Backends() {}

  /** All providers, highest rank first. */
  public static List<BackendProvider> providers() {
    return ServiceLoader.load(BackendProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparingInt(BackendProvider::rank).reversed())
        .toList();
  }

  /**
   * Opens the backend of that name, or with {@link #AUTO} the usable one of the highest rank; each
   * that is passed over is logged with its reason, once in a process. A name may have the ordinal
   * of a device after it, as {@code cuda:1}.
   *
   * @throws BackendUnavailable with the reason of each backend that was refused
   * @throws InvalidConfiguration if there is no backend of that name
   */
  @API(status = Status.STABLE, since = "0.1")
  public static Backend open(String name, BackendOptions options) {
    return open(name, options, providers());
  }

  static Backend open(String name, BackendOptions options, List<BackendProvider> providers) {
    Matcher numbered = WITH_DEVICE.matcher(name);
    if (numbered.matches()) {
      String family = numbered.group(1);
      if (family.equals(AUTO)
          || providers.stream().anyMatch(p -> p.name().equals(family) && !p.hasDevices())) {
        throw new InvalidConfiguration("--backend", family + " has no devices to choose from");
      }
      return open(family, options.onDevice(Integer.parseInt(numbered.group(2))), providers);
    }
    List<BackendProvider> candidates =
        providers.stream().filter(p -> name.equals(AUTO) || p.name().equals(name)).toList();
    if (candidates.isEmpty()) {
      throw new InvalidConfiguration(
          "--backend",
          "there is no backend '"
              + name
              + "'; known are "
              + AUTO
              + providers.stream().map(p -> ", " + p.name()).collect(Collectors.joining()));
    }
    List<String> refused = new ArrayList<>();
    for (BackendProvider provider : candidates) {
      Usability usability = provider.probe();
      if (usability.usable()) {
        refused.stream()
            .filter(TOLD::add)
            .forEach(reason -> LOG.log(System.Logger.Level.INFO, "passed over " + reason));
        return provider.open(options);
      }
      refused.add(provider.name() + ": " + usability.reason());
    }
    throw new BackendUnavailable(name, refused);
  }
}
