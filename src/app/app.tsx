import { useEffect } from 'react';
import { askForAdapter } from '../state/device';
import { watchForInstallOffer } from '../state/install';
import { askForUpdates } from '../state/update';
import { Actions } from './actions/actions';
import './app.css';
import './panel-dialog.css';
import { DeviceNote } from './device/device-note';
import { ErrorPanel } from './errors/error-panel';
import { Footer } from './footer/footer';
import { ModelLine } from './models/model-line';
import { PromptPanel } from './prompt/prompt-panel';
import { Restore } from './restore/restore';
import { useOpenedVideos } from './restore/use-opened-videos';
import { ResultDetails } from './results/result-details';
import { ResultShelf } from './results/result-shelf';
import { SettingsPanel } from './settings/settings-panel';
import { Progress } from './stage/progress';
import { Stage } from './stage/stage';
import { UpdateBar } from './update/update-bar';
import { usePageTitle } from './use-page-title';
import { useShortcuts } from './use-shortcuts';

export function App() {
  usePageTitle();
  useShortcuts();
  useOpenedVideos();
  useEffect(() => {
    void askForAdapter();
    askForUpdates();
    watchForInstallOffer();
  }, []);
  return (
    <>
      <main className="layout">
        <section className="form" aria-label="What to make">
          <ModelLine />
          <PromptPanel />
          <Actions />
        </section>
        <section className="viewer" aria-label="The video">
          <Stage />
          <Progress />
          <DeviceNote />
          <ErrorPanel />
          <ResultDetails />
          <ResultShelf />
        </section>
        <section className="settings" aria-label="Settings">
          <SettingsPanel />
          <Restore />
        </section>
      </main>
      <Footer />
      <UpdateBar />
    </>
  );
}
