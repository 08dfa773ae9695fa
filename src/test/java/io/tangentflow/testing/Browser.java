package io.tangentflow.testing;

import java.io.File;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Assumptions;
import org.openqa.selenium.WebDriverException;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** The Chromium of this machine, without a window; nothing is ever downloaded. */
public final class Browser implements AutoCloseable {

  // Referred to, as loggers that nobody holds forget their level. Selenium warns of each version of
  // Chromium that is newer than itself.
  private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

  private final ChromeDriver driver;

  private Browser(ChromeDriver driver) {
    this.driver = driver;
  }

  /**
   * Starts it; the calling test is skipped where it is absent or does not start, which is an error
   * with {@code CI=true}.
   */
  public static Browser start() {
    Optional<File> chromium = program("chromium");
    Optional<File> chromedriver = program("chromedriver");
    if (chromium.isEmpty() || chromedriver.isEmpty()) {
      unavailable(
          "chromium or chromedriver (Debian: chromium, chromium-driver) is not on the PATH");
    }
    SELENIUM.setLevel(Level.SEVERE);
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    logs.enable(LogType.PERFORMANCE, Level.ALL);
    ChromeOptions options = new ChromeOptions();
    options.setBinary(chromium.get());
    // Only pages of these tests are opened, and in containers there is often no sandbox to be had.
    options.addArguments("--headless=new", "--no-sandbox", "--disable-dev-shm-usage");
    options.setCapability("goog:loggingPrefs", logs);
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(chromedriver.get())
            .usingAnyFreePort()
            .build();
    service.sendOutputTo(OutputStream.nullOutputStream());
    try {
      return new Browser(new ChromeDriver(service, options));
    } catch (WebDriverException e) {
      return unavailable("chromium does not start: " + e.getMessage());
    }
  }

  private static Browser unavailable(String why) {
    if ("true".equals(System.getenv("CI"))) {
      throw new IllegalStateException(why);
    }
    return Assumptions.abort(why);
  }

  private static Optional<File> program(String name) {
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .map(Path::toFile)
        .findFirst();
  }

  /** Loads a file. */
  public void open(Path file) {
    driver.get(file.toAbsolutePath().toUri().toString());
  }

  /** Size of the page in CSS pixels, and whether the reader prefers dark pages. */
  public void view(int width, int height, boolean dark) {
    command(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 600));
    Map<String, Object> scheme =
        Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light");
    command("Emulation.setEmulatedMedia", Map.of("features", List.of(scheme)));
  }

  /** Whether pages run their scripts; those of {@link #evaluate} do not run where pages' do not. */
  public void scripts(boolean run) {
    command("Emulation.setScriptExecutionDisabled", Map.of("value", !run));
  }

  /** Lets pages read the clipboard without asking. */
  public void allowClipboard() {
    command(
        "Browser.grantPermissions",
        Map.of("permissions", List.of("clipboardReadWrite", "clipboardSanitizedWrite")));
  }

  /** A function's body that returns a value; promises are awaited. */
  public Object evaluate(String body, Object... arguments) {
    return driver.executeScript(body, arguments);
  }

  /** Presses keys on what has the focus. */
  public void press(CharSequence... keys) {
    new Actions(driver).sendKeys(keys).perform();
  }

  /** The page printed on A4, as PDF. */
  public byte[] print() {
    Map<String, Object> paper = Map.of("paperWidth", 8.27, "paperHeight", 11.69);
    return Base64.getDecoder().decode((String) command("Page.printToPDF", paper).get("data"));
  }

  /** What is seen, as PNG. */
  public byte[] screenshot() {
    return Base64.getDecoder()
        .decode((String) command("Page.captureScreenshot", Map.of()).get("data"));
  }

  /** The nodes of the page as assistive software is told of them. */
  @SuppressWarnings("unchecked")
  public List<Map<String, Object>> accessibilityTree() {
    return (List<Map<String, Object>>)
        command("Accessibility.getFullAXTree", Map.of()).get("nodes");
  }

  /** The console's messages since the last call. */
  public List<String> console() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .map(entry -> entry.getLevel() + " " + entry.getMessage())
        .toList();
  }

  /** What the browser did in the network and elsewhere since the last call, each as JSON. */
  public List<String> events() {
    return driver.manage().logs().get(LogType.PERFORMANCE).getAll().stream()
        .map(entry -> entry.getMessage())
        .toList();
  }

  private Map<String, Object> command(String name, Map<String, Object> parameters) {
    return driver.executeCdpCommand(name, parameters);
  }

  @Override
  public void close() {
    driver.quit();
  }
}
